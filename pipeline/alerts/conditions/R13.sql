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
judged as (
    select d.athlete_no, d.local_day, d.wellness_n_7d, l.low, l.reports,
        if(d.wellness_age_days <= 7 and d.wellness_n_7d >= $r13_reports::integer, d.mood_z, null) as mood_z,
        if(d.wellness_age_days <= 7 and d.wellness_n_7d >= $r13_reports::integer, d.stress_z, null) as stress_z,
        d.wellness_age_days, coalesce(d.wellness_same_answers >= $r21_same_answers::integer, false)::integer as is_alike
    from mart.recovery_day d
    join touched_rule_day t on d.athlete_no = t.athlete_no and d.local_day >= t.from_day and d.local_day >= $first_day
    left join low l on d.athlete_no = l.athlete_no and d.local_day = l.local_day
)
select
    athlete_no, 'body' as scope, '' as subject, local_day,
    coalesce(mood_z > $r13_close_z::double, true) and coalesce(stress_z > $r13_close_z::double, true)
        and coalesce(low = 0 or reports < 3, true)
        and (mood_z is not null or stress_z is not null or coalesce(wellness_age_days > 28, true)) as closes,
    [
        mood_z, wellness_n_7d, null,
        stress_z, wellness_n_7d, null,
        low, reports, null,
        is_alike
    ]::double[] as found
from judged
