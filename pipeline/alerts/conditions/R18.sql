-- rule: R18 possible non-functional overreaching
-- unit: exercises, days, weeks, % of the best e1RM
-- window: strength of 14 days against the best 14 days of the 56 before; answers of 14 days against the 70 before;
-- signs of 14 days; easier weeks of 28 days
-- needs: checkin
-- one level lower: answers that never vary (M30, DEGRADED)
-- source: domain.md 4.4, 4.6 (after Meeusen 2013: lasting loss of performance, other signs, and rest that does not help)
with flag as materialized (              -- days with a sign, one row per kind
    select athlete_no, local_day, 'subjective' as kind from answer_level where every_z <= $r18_sign_z::double
    union
    select athlete_no, local_day, 'sleep' from answer_level where sleep_z <= $r18_sign_z::double
    union
    select athlete_no, local_day, 'soreness' from answer_level where soreness_z <= $r18_sign_z::double
    union
    select r.athlete_no, r.local_day, 'sleep'
    from mart.recovery_day r
    join touched_rule_day t on r.athlete_no = t.athlete_no and r.local_day >= t.from_day and r.local_day >= $first_day
    where r.sleep_age_days <= 3 and r.sleep_n_7d >= 3 and r.sleep_n_28d >= $r18_sleep_nights::integer
        and r.sleep_7d_min <= r.sleep_median_28d_min - $r18_short_by_min::double
    union
    select athlete_no, local_day, case rule when 'R12' then 'sleep' when 'R11' then 'soreness' else 'autonomic' end
    from day_condition
    where rule in ('R11', 'R12', 'R14', 'R15')
),
counted as (                        -- per day and kind on how many of the 14 days to it
    select f.athlete_no, f.local_day + f.later as local_day, f.kind, count(*) as days, min(f.later) as newest
    from (select *, unnest(range(14))::integer as later from flag) f
    group by all
),
sign as materialized (
    select athlete_no, local_day, max(days) filter (kind = 'subjective') as subjective_days,
        max(days) filter (kind <> 'subjective') as other_days, min(newest) as days_since_sign
    from counted
    group by all
),
looked_at as materialized (         -- whoever may have it, or had it and may lose it
    select athlete_no from sign where subjective_days >= $r18_sign_days::integer and other_days >= $r18_sign_days::integer
    union
    select a.athlete_no from mart.alert a join touched_rule_day t on a.athlete_no = t.athlete_no where a.rule = 'R18'
),
day as materialized (
    select d.athlete_no, d.local_day, coalesce(s.subjective_days, 0) as subjective_days,
        coalesce(s.other_days, 0) as other_days, coalesce(s.days_since_sign >= 7, true) as is_quiet
    from mart.athlete_day d
    join looked_at l on d.athlete_no = l.athlete_no
    join touched_rule_day t on d.athlete_no = t.athlete_no and d.local_day >= t.from_day and d.local_day >= $first_day
    left join sign s on d.athlete_no = s.athlete_no and d.local_day = s.local_day
),
best as materialized (
    select x.athlete_no, x.exercise_no, x.local_day, max(x.e1rm_kg) as kg
    from mart.exercise_session x
    join looked_at l on x.athlete_no = l.athlete_no
    join touched_rule_day t on x.athlete_no = t.athlete_no and x.local_day >= t.from_day - 84
    where x.e1rm_status = 'OK' and x.local_day >= $first_day::date - 84
    group by all
),
fortnight as (                      -- 14 days that end with a session
    select a.athlete_no, a.exercise_no, a.local_day, median(b.kg) as kg
    from best a
    join best b
        on a.athlete_no = b.athlete_no and a.exercise_no = b.exercise_no and b.local_day <= a.local_day
        and b.local_day > a.local_day - 14
    group by all
    having count(*) >= 2
),
newest as (
    select d.athlete_no, d.local_day, b.exercise_no, median(b.kg) as kg, count(*) as sessions
    from day d
    join best b on d.athlete_no = b.athlete_no and b.local_day <= d.local_day and b.local_day > d.local_day - 14
    group by all
    having count(*) >= 2
),
reference as (
    select d.athlete_no, d.local_day, f.exercise_no, max(f.kg) as kg
    from day d
    join fortnight f
        on d.athlete_no = f.athlete_no and f.local_day <= d.local_day - 14 and f.local_day >= d.local_day - 56
    group by all
),
falling as (                        -- declining at every evaluation since one that lies 14 days back or more
    select d.athlete_no, d.local_day, e.exercise_no,
        coalesce(
            max(e.local_day) > d.local_day - 14
            and max(if(e.is_declining, null, e.local_day)) is null
            or max(e.local_day) > d.local_day - 14 and max(if(e.is_declining, null, e.local_day))
                < max(if(e.local_day <= d.local_day - 14, e.local_day, null)),
            false
        ) and max(if(e.local_day <= d.local_day - 14, e.local_day, null)) is not null as is_falling
    from day d
    join mart.exercise_trend e
        on d.athlete_no = e.athlete_no and e.local_day <= d.local_day and e.local_day >= d.local_day - 42
    where e.status = 'OK' and e.local_day >= $first_day::date - 42
    group by d.athlete_no, d.local_day, e.exercise_no
),
standing as materialized (
    select n.athlete_no, n.local_day, n.exercise_no, n.sessions, r.kg as reference_kg, n.kg / r.kg as share,
        coalesce(n.kg <= 0.01::double * $r18_low_percent::double * r.kg, false) or coalesce(f.is_falling, false) as is_low
    from newest n
    left join reference r
        on n.athlete_no = r.athlete_no and n.local_day = r.local_day and n.exercise_no = r.exercise_no
    left join falling f
        on n.athlete_no = f.athlete_no and n.local_day = f.local_day and n.exercise_no = f.exercise_no
),
performance as (
    select s.athlete_no, s.local_day, count(*) as exercises, count(*) filter (s.is_low) as low,
        count(*) filter (s.is_low and m.exercise_no is not null) as low_main,
        count(*) filter (s.share < 0.01::double * $r18_back_percent::double) as below,
        min(s.share) filter (s.is_low) as worst_share, sum(s.sessions) filter (s.is_low) as sessions,
        coalesce(string_agg(e.display_name, chr(10) order by e.display_name) filter (s.is_low), '') as subject
    from standing s
    join base.exercise e on s.exercise_no = e.exercise_no
    left join base.declared_main_lift m on s.athlete_no = m.athlete_no and s.exercise_no = m.exercise_no
    group by all
),
reduced as (                        -- weeks of far less training than the four before
    select w.athlete_no, w.local_day
    from (
        select w.*, unnest([7, 14, 21, 28]) as earlier
        from mart.training_week w
        join looked_at l on w.athlete_no = l.athlete_no
        join touched_rule_day t on w.athlete_no = t.athlete_no and w.local_day >= t.from_day - 28
        where w.local_day >= $first_day::date - 28
    ) w
    join mart.training_week b on w.athlete_no = b.athlete_no and b.local_day = w.local_day - w.earlier
        and b.local_day >= $first_day::date - 56
    group by w.athlete_no, w.local_day, w.fatigue_weighted_volume_7d
    having count(*) = 4 and w.fatigue_weighted_volume_7d
        <= 0.01::double * $r18_reduced_percent::double * avg(b.fatigue_weighted_volume_7d)
),
rested as (
    select d.athlete_no, d.local_day, max(r.local_day) as until_day
    from day d
    join reduced r on d.athlete_no = r.athlete_no and r.local_day < d.local_day and r.local_day >= d.local_day - 28
    group by all
),
after as (
    select s.athlete_no, s.local_day, s.exercise_no,
        median(b.kg) < 0.01::double * $r18_back_percent::double * any_value(s.reference_kg) as is_below
    from standing s
    join rested r on s.athlete_no = r.athlete_no and s.local_day = r.local_day
    join best b
        on s.athlete_no = b.athlete_no and s.exercise_no = b.exercise_no and b.local_day > r.until_day
        and b.local_day <= s.local_day
    where s.is_low
    group by all
    having count(*) >= 2
),
unhelped as (
    select athlete_no, local_day, count(*) as exercises, count(*) filter (is_below) as still_low from after group by all
),
explained as (                      -- what was declared for any of the 14 days
    select d.athlete_no, d.local_day, count(distinct e.payload ->> '$.what') as kinds
    from day d
    join base.event_log e on d.athlete_no = e.athlete_no
    where e.kind = 'declaration' and e.payload ->> '$.what' in ('illness', 'injury', 'medication', 'energy_deficit', 'taper')
        and (e.payload ->> '$.from_day')::date <= d.local_day and (e.payload ->> '$.to_day')::date >= d.local_day - 13
    group by all
)
select
    d.athlete_no, 'body' as scope, coalesce(p.subject, '') as subject, d.local_day,
    d.is_quiet and coalesce(p.below, 0) = 0
        and (p.exercises is not null or coalesce(b.newest_day < d.local_day - 28, true))
        and coalesce(r.wellness_age_days <= 7 or r.wellness_age_days > 28, true) as closes,
    [
        p.low, p.exercises, null,
        100.0::double * p.low / p.exercises, p.exercises, null,
        p.low_main, p.exercises, null,
        d.subjective_days, 14, null,
        d.other_days, 14, null,
        coalesce(u.still_low, 0), u.exercises, null,
        w.weeks_since_deload, w.loading_weeks, null,
        100 * p.worst_share, p.sessions, null,
        coalesce(x.kinds, 0), 5, null,
        coalesce(r.wellness_same_answers >= $r21_same_answers::integer, false)::integer
    ]::double[] as found
from day d
left join performance p on d.athlete_no = p.athlete_no and d.local_day = p.local_day
left join unhelped u on d.athlete_no = u.athlete_no and d.local_day = u.local_day
left join explained x on d.athlete_no = x.athlete_no and d.local_day = x.local_day
left join mart.training_week w
    on d.athlete_no = w.athlete_no and d.local_day = w.local_day and w.local_day >= $first_day
left join mart.recovery_day r
    on d.athlete_no = r.athlete_no and d.local_day = r.local_day and r.local_day >= $first_day
left join (
    select a.athlete_no, a.local_day, max(b.local_day) as newest_day
    from day a
    join best b on a.athlete_no = b.athlete_no and b.local_day <= a.local_day
    group by all
) b on d.athlete_no = b.athlete_no and d.local_day = b.local_day
