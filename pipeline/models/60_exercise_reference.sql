-- metric: M7, M3 (reference of rung 4)
-- unit: kg
-- window: the 42 days before the session, at least 3 other sessions of the exercise with status OK
-- source: domain.md M3, M7
insert into mart.exercise_reference by name
with target as materialized (
    select x.athlete_no, x.session_key, x.exercise_no, x.local_day, x.start_at
    from mart.exercise_session x
    join touched_exercise t
        on x.athlete_no = t.athlete_no and x.exercise_no = t.exercise_no
        and x.local_day >= t.from_day and x.local_day <= t.to_day + 42
),
near as materialized (              -- bounded by the earliest target, so old history is not read
    select x.athlete_no, x.session_key, x.exercise_no, x.local_day, x.start_at, x.e1rm_kg
    from mart.exercise_session x
    join touched_exercise t
        on x.athlete_no = t.athlete_no and x.exercise_no = t.exercise_no
        and x.local_day >= t.from_day - 42 and x.local_day <= t.to_day + 42
    where x.e1rm_status = 'OK'
),
bucketed as (                       -- 42-day buckets keep the range join linear in history
    select *, unnest([epoch(local_day)::bigint // 3628800, epoch(local_day)::bigint // 3628800 + 1]) as bucket
    from near
)
select t.athlete_no, t.session_key, t.exercise_no, any_value(t.local_day) as local_day,
    case when count(*) >= 3 then median(b.e1rm_kg) end as e1rm_ref_kg, count(*)::integer as n_obs
from target t
join bucketed b
    on t.athlete_no = b.athlete_no and t.exercise_no = b.exercise_no
    and epoch(t.local_day)::bigint // 3628800 = b.bucket
    and b.local_day >= t.local_day - 42
    and b.start_at < t.start_at      -- of two that begin at the same moment neither was before the other
group by t.athlete_no, t.session_key, t.exercise_no
