-- rule: R19 plan compliance
-- unit: checks (set performed, repetitions within 2, effort); share of passed among applicable checks
-- window: a closed session against the day of the plan in force that shares most exercises with it
-- source: domain.md 4.5; contract.md, "One set, one row"
with touched as materialized (
    select t.athlete_no, t.from_day - 2 as from_day, s.newest_at
    from touched_alert t
    join base.athlete_span s on t.athlete_no = s.athlete_no
),
session as materialized (
    select s.athlete_no, s.session_key, s.session_id, s.local_day, s.start_at, s.date_only
    from mart.session s
    join touched t on s.athlete_no = t.athlete_no and s.local_day >= t.from_day
    where s.superseded_by is null and (s.ended or s.last_at + to_hours($r19_close_h::integer) <= t.newest_at)
),
document as materialized (
    select l.athlete_no, l.doc_key, l.day, l.payload
    from base.event_log l
    join touched t on l.athlete_no = t.athlete_no
    where l.kind = 'plan'
),
in_force as materialized (
    select s.athlete_no, s.session_key, d.doc_key, d.payload
    from session s
    join document d on s.athlete_no = d.athlete_no and d.day <= s.local_day
    qualify row_number() over (partition by s.athlete_no, s.session_key order by d.day desc, d.doc_key desc) = 1
),
raw_row as (
    select
        athlete_no, doc_key, generate_subscripts(rows, 1) as row_no, unnest(rows) as line
    from (
        select distinct
            athlete_no, doc_key,
            from_json(
                payload -> '$.rows',
                '[{"exercise": "VARCHAR", "sets": "INTEGER", "reps": "INTEGER", "failure_slots": ["INTEGER"],
                "target_rir": {"min": "DOUBLE", "max": "DOUBLE"}, "day": "VARCHAR"}]'
            ) as rows
        from in_force
    )
),
name_of as (
    select distinct line.exercise as name, lower(trim(line.exercise)) as folded
    from raw_row
),
resolved as materialized (
    select name, arg_min(exercise_no, (rank, exercise_no)) as exercise_no
    from (
        select n.name, e.exercise_no, 1 as rank
        from base.exercise_name e
        join name_of n on e.name = n.name
        union all
        select n.name, e.exercise_no, 2 as rank
        from base.exercise_name e
        join name_of n on e.folded = n.folded
        union all
        select n.name, e.exercise_no, 3 as rank
        from base.exercise e
        join name_of n on e.exercise = n.name
        union all
        select n.name, e.exercise_no, 4 as rank
        from base.exercise e
        join name_of n on lower(e.display_name) = n.folded
    )
    group by name
),
plan_row as materialized (
    select
        p.athlete_no, p.doc_key, p.row_no, coalesce(p.line.day, '') as day_label, n.exercise_no,
        p.line.sets as sets, p.line.reps as reps, coalesce(p.line.failure_slots, []) as slots,
        p.line.target_rir.min as rir_min, p.line.target_rir.max as rir_max,
        sum(p.line.sets) over (
            partition by p.athlete_no, p.doc_key, coalesce(p.line.day, ''), coalesce(n.exercise_no::varchar, p.line.exercise)
            order by p.row_no
        ) - p.line.sets as sets_before
    from raw_row p
    left join resolved n on p.line.exercise = n.name
),
work as materialized (
    select
        f.athlete_no, f.session_key, f.exercise_no, f.set_order, f.reps, f.rir_effective, f.is_failure, f.is_failure_explicit,
        row_number() over (partition by f.athlete_no, f.session_key, f.exercise_no order by f.set_order) as set_no
    from mart.set_fact f
    join touched t on f.athlete_no = t.athlete_no and f.local_day >= t.from_day
    where f.is_counted and f.superseded_by is null
),
chosen as materialized (
    select i.athlete_no, i.session_key, i.doc_key, p.day_label
    from in_force i
    join plan_row p on i.athlete_no = p.athlete_no and i.doc_key = p.doc_key
    join (select distinct athlete_no, session_key, exercise_no from work) w
        on i.athlete_no = w.athlete_no and i.session_key = w.session_key and p.exercise_no = w.exercise_no
    group by i.athlete_no, i.session_key, i.doc_key, p.day_label
    qualify row_number() over (
        partition by i.athlete_no, i.session_key order by count(distinct p.exercise_no) desc, min(p.row_no)
    ) = 1
),
planned as materialized (
    select
        c.athlete_no, c.session_key, p.exercise_no, p.reps, p.rir_min, p.rir_max,
        p.sets_before + slot as set_no, list_contains(p.slots, slot::integer) as is_slot
    from (
        select *, unnest(range(1, sets + 1)) as slot
        from plan_row
    ) p
    join chosen c on p.athlete_no = c.athlete_no and p.doc_key = c.doc_key and p.day_label = c.day_label
),
checked as (
    select
        p.athlete_no, p.session_key,
        count(*) as planned_sets,
        count(w.set_no) as performed,
        count(*) filter (abs(w.reps - p.reps) <= $r19_reps::integer) as reps_met,
        count(*) filter (w.is_failure or w.rir_effective is not null) as effort_known,
        count(*) filter (
            if(
                p.is_slot,
                w.is_failure or w.rir_effective <= 1,
                not w.is_failure and w.rir_effective >= 1
                and w.rir_effective between coalesce(p.rir_min, 1) and coalesce(p.rir_max, 10)
            )
        ) as effort_met,
        count(*) filter (p.is_slot and not w.is_failure and w.rir_effective > 1) as slots_missed,
        count(*) filter (not p.is_slot and w.is_failure) as planned_failed
    from planned p
    left join work w
        on p.athlete_no = w.athlete_no and p.session_key = w.session_key and p.exercise_no = w.exercise_no
        and p.set_no = w.set_no
    group by all
),
outside_exercise as (
    select
        w.athlete_no, w.session_key, w.exercise_no, min(w.set_order) as first_set,
        count(*) filter (p.set_no is null) as extra_sets,
        count(*) filter (w.is_failure and not coalesce(p.is_slot, false)) as unplanned,
        count(*) filter (w.is_failure_explicit and not coalesce(p.is_slot, false)) as unplanned_explicit
    from work w
    left join planned p
        on w.athlete_no = p.athlete_no and w.session_key = p.session_key and w.exercise_no = p.exercise_no
        and w.set_no = p.set_no
    group by all
),
outside as (
    select
        o.athlete_no, o.session_key, sum(o.extra_sets) as extra_sets, sum(o.unplanned) as unplanned,
        sum(o.unplanned_explicit) as unplanned_explicit,
        coalesce(string_agg(e.display_name, chr(10) order by o.first_set) filter (o.unplanned > 0), '') as subject
    from outside_exercise o
    join base.exercise e on o.exercise_no = e.exercise_no
    group by all
),
judged as (
    select
        s.athlete_no, s.session_key, s.session_id, s.local_day, s.start_at, s.date_only,
        c.performed + c.reps_met + c.effort_met as passed, 2 * c.planned_sets + c.effort_known as applicable,
        c.planned_sets, c.performed, c.performed - c.reps_met as reps_missed, c.slots_missed,
        c.effort_known - c.effort_met - c.slots_missed - c.planned_failed as reserve_missed,
        o.extra_sets, o.unplanned, o.unplanned_explicit, o.subject
    from session s
    join checked c on s.athlete_no = c.athlete_no and s.session_key = c.session_key
    join outside o on s.athlete_no = o.athlete_no and s.session_key = o.session_key
)
select
    athlete_no, 'R19' as rule, 'session:' || session_id as scope, session_id as anchor, local_day, start_at as seen_at,
    greatest(
        if(unplanned_explicit > 0, if(date_only, greatest($r19_unplanned_level::integer - 1, 1), $r19_unplanned_level::integer), null),
        if(unplanned > 0, greatest($r19_unplanned_level::integer - 1, 1), null),
        if(passed < applicable, $r19_missed_level::integer, null)
    )::tinyint as level,
    [
        passed, applicable, planned_sets, performed, reps_missed, slots_missed, reserve_missed,
        extra_sets, unplanned, unplanned_explicit, date_only::integer
    ]::double[] as found,
    session_key, null::integer as exercise_no, subject, null::timestamp as resolves_at, null::date as resolves_on
from judged
where passed < applicable or unplanned > 0
