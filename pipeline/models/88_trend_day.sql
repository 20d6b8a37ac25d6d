-- metric: M20 (how the newest evaluation of each exercise stands on a day)
-- unit: exercises, % per 28 days
-- window: the newest evaluation of each exercise of the last 28 days; each looks 28 days back
-- source: domain.md M20, 4.6 (R10: one evaluation per day with a session of the exercise; main lifts)
insert into mart.trend_day by name
with evaluated as materialized (
    select e.athlete_no, e.exercise_no, e.local_day, e.is_declining, e.pct28, e.n_obs,
        e.local_day >= t.from_day - 28 as may_stand
    from mart.exercise_trend e
    join touched_trend_day t on e.athlete_no = t.athlete_no and e.local_day >= t.from_day - 56
    where e.status = 'OK' and e.local_day >= $first_day
),
declining as materialized (
    select athlete_no, exercise_no, local_day
    from evaluated
    where is_declining
),
declining_again as (
    select distinct e.athlete_no, e.exercise_no, e.local_day
    from declining e
    join declining b
        on e.athlete_no = b.athlete_no and e.exercise_no = b.exercise_no
        and b.local_day >= e.local_day - 28 and b.local_day <= e.local_day - 14
),
newest as (
    select *,
        lead(local_day) over (partition by athlete_no, exercise_no order by local_day) as next_day
    from evaluated
    where may_stand
),
standing as (
    select d.athlete_no, d.local_day, e.exercise_no, e.is_declining, e.pct28, e.n_obs, x.display_name,
        a.local_day is not null as was_declining,
        case
            when d.athlete_no in (select athlete_no from base.declared_main_lift) then l.exercise_no is not null
            else x.main_lift is not null
        end as is_main
    from mart.athlete_day d
    join touched_trend_day t on d.athlete_no = t.athlete_no and d.local_day >= t.from_day and d.local_day <= t.to_day
    join newest e
        on d.athlete_no = e.athlete_no and d.local_day >= e.local_day and d.local_day <= e.local_day + 28
        and (e.next_day is null or d.local_day < e.next_day)
    left join declining_again a
        on e.athlete_no = a.athlete_no and e.exercise_no = a.exercise_no and e.local_day = a.local_day
    join base.exercise x on e.exercise_no = x.exercise_no
    left join base.declared_main_lift l on e.athlete_no = l.athlete_no and e.exercise_no = l.exercise_no
    where d.local_day >= $first_day
),
summed as (
    select athlete_no, local_day, count(*)::integer as exercises, count(*) filter (is_declining)::integer as declining,
        count(*) filter (is_declining and was_declining and is_main)::integer as main_declining,
        min(pct28) as worst_pct28, sum(round(pct28 * 1e9)::hugeint)::double / (1e9::double * count(*)) as mean_pct28, max(n_obs)::integer as sessions,
        coalesce(string_agg(display_name, chr(10) order by display_name) filter (is_declining), '') as subject
    from standing
    group by all
)
select *
from summed
