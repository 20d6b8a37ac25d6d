-- metric: M7, M3 (reference of rung 4)
-- unit: kg
-- window: the 42 days before the session, of them the 100 latest, at least 3 other sessions of the exercise with status OK
-- source: domain.md M3, M7
insert into mart.exercise_reference by name
with near as materialized (         -- bounded by the earliest target, so old history is not read
    select x.athlete_no, x.session_key, x.exercise_no, x.local_day, x.start_at, x.e1rm_kg,
        (x.e1rm_status = 'OK')::integer as is_ok,
        x.local_day >= t.from_day as is_target
    from mart.exercise_session x
    join touched_exercise t
        on x.athlete_no = t.athlete_no and x.exercise_no = t.exercise_no
        and x.local_day >= t.from_day - 42 and x.local_day <= t.to_day + 42
    where x.start_at is not null and x.local_day >= $first_day
),
numbered as (
    select *,
        sum(is_ok) over (
            partition by athlete_no, exercise_no order by start_at, session_key rows unbounded preceding
        )::bigint as ok_no
    from near
),
placed as materialized (            -- of sessions that begin at the same moment none was before another
    select *, min(ok_no - is_ok) over (partition by athlete_no, exercise_no, start_at) as before_no
    from numbered
),
bucketed as (                       -- in hundreds of their number: the join is linear, however many sessions a day has
    select athlete_no, exercise_no, local_day, e1rm_kg, ok_no, unnest([ok_no // 100, ok_no // 100 + 1]) as bucket
    from placed
    where is_ok = 1
)
select t.athlete_no, t.session_key, t.exercise_no, any_value(t.local_day) as local_day,
    case when count(*) >= 3 then median(b.e1rm_kg) end as e1rm_ref_kg, count(*)::integer as n_obs
from placed t
join bucketed b
    on t.athlete_no = b.athlete_no and t.exercise_no = b.exercise_no and t.before_no // 100 = b.bucket
    and b.ok_no <= t.before_no and b.ok_no > t.before_no - 100
    and b.local_day >= t.local_day - 42
where t.is_target
group by t.athlete_no, t.session_key, t.exercise_no
