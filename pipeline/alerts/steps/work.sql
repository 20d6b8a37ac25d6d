-- input of: R01, R02, R03, R04, R05
-- unit: counted sets; first_, last_ and orders are the order of the row in its session
-- window: exercise in a session, all blocks joined, from the first touched day on
-- source: domain.md M2, M12, 4.6 (an unknown effort counts as not failed only where failures are recorded)
create or replace temp table alert_work as
with fact as materialized (
    select
        f.athlete_no, f.session_key, f.exercise_no, f.local_day, f.set_order, f.rir,
        f.is_failure, f.is_failure_explicit, f.date_only,
        f.endpoint <> 'UNKNOWN' or f.failure_recorded as is_judged
    from mart.set_fact f
    join touched_alert t on f.athlete_no = t.athlete_no and f.local_day >= t.from_day
    where f.is_counted and f.superseded_by is null
),
grouped as materialized (
    select
        athlete_no, session_key, exercise_no, local_day,
        count(*)::integer as sets,
        count(*) filter (is_failure)::integer as failures,
        count(*) filter (is_failure_explicit)::integer as explicit,
        count(*) filter (rir > 0 and rir < 1)::integer as near,
        count(*) filter (rir > 0 and rir < 1 and is_failure)::integer as near_failures,
        min(set_order) filter (is_failure) as first_failure,
        min(set_order) filter (is_failure_explicit) as first_explicit,
        max(set_order) filter (is_judged and not is_failure) as last_other,
        max(set_order) filter (is_judged and not is_failure_explicit) as last_not_explicit,
        min(set_order) as first_set,
        list(set_order) as orders,      -- R03 names a set by its number in the exercise
        bool_or(date_only) as date_only
    from fact
    group by all
    having failures > 0 or near > 0
),
session as materialized (
    select s.athlete_no, s.session_key, s.session_id, s.start_at
    from mart.session s
    join touched_alert t on s.athlete_no = t.athlete_no and s.local_day >= t.from_day
    where s.superseded_by is null
)
select g.*, s.session_id, s.start_at, e.exercise, e.class, e.display_name, e.class in ('axial', 'compound') as multi_joint
from grouped g
join session s on g.athlete_no = s.athlete_no and g.session_key = s.session_key
join base.exercise e on g.exercise_no = e.exercise_no
