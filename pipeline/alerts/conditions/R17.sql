-- rule: R17 accumulated fatigue
-- unit: points
-- window: conditions of the last 7 days, from six domains
-- needs: condition or checkin or trend
-- one level lower: where it takes answers that never vary (M30, DEGRADED)
-- source: domain.md 4.3; performance is the one constant sign (Meeusen 2013), heart signals count once together
-- (no physiological marker tells reliably: Grandou 2020, Bell 2022)
with condition as materialized (
    select c.athlete_no, c.local_day, c.rule, max(c.level) as level
    from day_condition c
    where case c.rule when 'R09' then c.level >= 3 when 'R07' then c.scope = 'body' else true end
    group by all
),
telling as (                        -- days that give points; load alone is one, and that many close the alert
    select athlete_no, local_day from condition
    where rule not in ('R07', 'R08', 'R09', 'R16') or $r17_close_points::integer < 1
    union
    select e.athlete_no, e.local_day
    from mart.trend_day e
    join touched_rule_day t on e.athlete_no = t.athlete_no and e.local_day >= t.from_day and e.local_day >= $first_day
    where e.mean_pct28 <= $r17_mean_percent::double and e.exercises >= 2
    union
    select athlete_no, local_day from answer_level where every_z <= $r17_subjective_z::double
),
heard as (                          -- whether something that usually tells is silent, for at most 4 weeks
    select *, is_silent < lag(is_silent) over (partition by athlete_no order by local_day) as is_back
    from (
        select r.athlete_no, r.local_day, r.wellness_same_answers, coalesce(r.wellness_age_days between 8 and 28, false)
            or coalesce(r.sleep_age_days between 4 and 28, false)
            or coalesce(r.resting_hr_age_days between 4 and 28, false)
            or coalesce(r.hrv_age_days between 4 and 28, false) as is_silent
        from mart.recovery_day r
        join touched_rule_day t
            on r.athlete_no = t.athlete_no and r.local_day >= t.from_day and r.local_day >= $first_day
    )
),
near as (                           -- and the week before, and the days on which they still count or have just stopped to
    select distinct n.athlete_no, n.local_day + n.later as local_day
    from (select *, unnest(range(-6, 10))::integer as later from telling) n
    union                           -- what ended in silence is looked at when that is over
    select athlete_no, local_day from heard where is_back
),
daily as (
    select d.athlete_no, d.local_day,
        bool_or(c.rule = 'R10') or coalesce(
            bool_or(e.mean_pct28 <= $r17_mean_percent::double and e.exercises >= 2), false
        ) as performance,
        bool_or(c.rule = 'R13' and c.level >= 3) or coalesce(bool_or(a.every_z <= $r17_subjective_z::double), false)
            as subjective,
        bool_or(c.rule = 'R12') as sleep, bool_or(c.rule = 'R11') as soreness,
        bool_or(c.rule in ('R14', 'R15')) as autonomic,
        bool_or(c.rule in ('R07', 'R08', 'R09', 'R16')) as load
    from near n
    join mart.athlete_day d on n.athlete_no = d.athlete_no and n.local_day = d.local_day
    join touched_rule_day t on d.athlete_no = t.athlete_no and d.local_day >= t.from_day and d.local_day >= $first_day
    left join condition c on d.athlete_no = c.athlete_no and d.local_day = c.local_day
    left join mart.trend_day e on d.athlete_no = e.athlete_no and d.local_day = e.local_day and e.local_day >= $first_day
    left join answer_level a on d.athlete_no = a.athlete_no and d.local_day = a.local_day
    group by all
),
silenced as (                      -- what was declared keeps R07 to R10 and R15 from counting on its days
    select distinct d.athlete_no, d.local_day
    from daily d
    join base.event_log e on d.athlete_no = e.athlete_no
    where e.kind = 'declaration' and e.payload ->> '$.what' in ('deload', 'taper', 'illness', 'injury', 'travel')
        and (e.payload ->> '$.from_day')::date <= d.local_day and (e.payload ->> '$.to_day')::date >= d.local_day
),
week as (
    select athlete_no, local_day,
        coalesce(count(*) filter (performance) over w >= $r17_days::integer, false)::integer as performance,
        coalesce(count(*) filter (subjective) over w >= $r17_days::integer, false)::integer as subjective,
        coalesce(count(*) filter (sleep) over w >= $r17_days::integer, false)::integer as sleep,
        coalesce(count(*) filter (soreness) over w >= $r17_days::integer, false)::integer as soreness,
        coalesce(count(*) filter (autonomic) over w >= $r17_autonomic_days::integer, false)::integer as autonomic,
        coalesce(bool_or(load) over w, false)::integer as load,
        count(s.local_day) over w as declared_days
    from daily
    left join silenced s using (athlete_no, local_day)
    window w as (partition by athlete_no order by local_day range between interval 6 day preceding and current row)
),
counted as (
    select w.*, 3 * performance + 2 * subjective + sleep + soreness + autonomic + load as points,
        performance + subjective + sleep + soreness + autonomic + load as domains,
        -- with answers that never vary, unless it holds without them
        subjective = 1 and coalesce(h.wellness_same_answers >= $r21_same_answers::integer, false) and not (
            performance = 1 and points - 2 >= $r17_points::integer and domains - 1 >= $r17_domains::integer
        ) as is_degraded,
        coalesce(h.is_silent, false) as is_silent, coalesce(h.is_back, false) as is_back
    from week w
    left join heard h on w.athlete_no = h.athlete_no and w.local_day = h.local_day
),
judged as (
    select *,
        max(points) over (
            partition by athlete_no order by local_day range between interval 2 day preceding and current row
        ) as most_3d,
        max(points) over (
            partition by athlete_no order by local_day range between interval 3 day preceding and current row
        ) as most_4d
    from counted
)
select
    athlete_no, 'body' as scope, '' as subject, local_day,
    most_3d <= $r17_close_points::integer and not is_silent as closes,
    [
        points, null, null, domains, null, null, performance + subjective, null, null,
        performance, null, null, subjective, null, null, sleep, null, null, soreness, null, null,
        autonomic, null, null, load, null, null, declared_days, 7, null,
        is_degraded::integer
    ]::double[] as found
from judged
-- from some points on, and the day on which they are gone; what is silent gives none, and takes none away
where most_4d > $r17_close_points::integer or is_back
