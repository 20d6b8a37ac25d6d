-- rule: R13 mood or irritability
-- unit: multiples of the baseline's spread, reports
-- window: the last 7 days against days 8 to 35; the last 5 reports of 4 weeks
-- needs: recovery
-- one level lower: answers that never vary (M30, DEGRADED)
-- source: domain.md M30, 4.2, 4.6 (Saw 2016: what athletes say follows load more surely than what devices measure)
with report as (
    select s.athlete_no, s.local_day, min(s.value) as mood
    from mart.signal_day s
    join touched_rule_day t on s.athlete_no = t.athlete_no and s.local_day >= t.from_day - 27
    where s.signal = 'mclean_mood' and s.local_day >= $first_day::date - 27
    group by all
),
low as (                            -- of the last 5 reports those of 28 days: the later of two ends of one list
    select athlete_no, local_day, least(count(*) over weeks, 5) as reports,
        if(
            count(*) over weeks >= 5, count(*) filter (mood <= ($r13_mood::double - 1) / 4) over five,
            count(*) filter (mood <= ($r13_mood::double - 1) / 4) over weeks
        ) as low
    from report
    window
        weeks as (
            partition by athlete_no order by local_day range between interval 27 day preceding and current row
        ),
        five as (partition by athlete_no order by local_day rows between 4 preceding and current row)
),
asked as (                          -- in any questionnaire of the last 4 weeks, and the worst answer of the day
    select w.athlete_no, w.local_day, count(*) filter (w.signal like '%mood') > 0 as mood,
        count(*) filter (w.signal like '%stress') > 0 as stress,
        min(w.value) filter (w.signal like '%mood') as mood_value,
        min(w.value) filter (w.signal like '%stress') as stress_value
    from mart.signal_window w
    join touched_rule_day t on w.athlete_no = t.athlete_no and w.local_day >= t.from_day and w.local_day >= $first_day
    where w.signal in ('mclean_mood', 'plain_mood', 'mclean_stress', 'plain_stress', 'hooper_stress')
        and w.age_days <= 28
    group by all
),
judged as (
    select d.athlete_no, d.local_day, d.wellness_n_7d, d.wellness_age_days,
        if(d.local_day - l.local_day <= 7, l.low, null) as low, l.reports, if(d.local_day - l.local_day <= 26, l.low, null) as last_low,
        if(d.wellness_age_days <= 7 and d.wellness_n_7d >= $r13_reports::integer, d.mood_z, null) as mood_z,
        if(d.wellness_age_days <= 7 and d.wellness_n_7d >= $r13_reports::integer, d.stress_z, null) as stress_z,
        a.mood, a.stress, a.mood_value, a.stress_value,
        coalesce(d.wellness_same_answers >= $r21_same_answers::integer, false)::integer as is_alike
    from mart.recovery_day d
    join touched_rule_day t on d.athlete_no = t.athlete_no and d.local_day >= t.from_day and d.local_day >= $first_day
    asof left join low l on d.athlete_no = l.athlete_no and d.local_day >= l.local_day
    left join asked a on d.athlete_no = a.athlete_no and d.local_day = a.local_day
),
report_day as (                     -- whether its answers are near the usual; without a usual, in the better half
    select athlete_no, local_day,
        coalesce(
            (not coalesce(mood, false) or coalesce(mood_z > $r13_close_z::double, mood_value >= 0.5, false))
            and (not coalesce(stress, false) or coalesce(stress_z > $r13_close_z::double, stress_value >= 0.5, false))
            and (last_low = 0 or last_low is null or reports < 3), false
        ) as is_calm
    from judged
    where wellness_age_days = 0
),
steady as (                         -- three such reports in a row, of three weeks: no answer is no good one
    select athlete_no, local_day,
        bool_and(is_calm) over three
        and local_day - lag(local_day, 2) over (partition by athlete_no order by local_day) <= 20 as is_over
    from report_day
    window three as (partition by athlete_no order by local_day rows between 2 preceding and current row)
)
select
    j.athlete_no, 'body' as scope, '' as subject, j.local_day,
    coalesce(s.is_over, false) or coalesce(j.wellness_age_days > 28, true) as closes,
    [
        mood_z, wellness_n_7d, null,
        stress_z, wellness_n_7d, null,
        low, reports, null,
        is_alike
    ]::double[] as found
from judged j
left join steady s on j.athlete_no = s.athlete_no and j.local_day = s.local_day
