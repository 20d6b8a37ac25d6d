-- rule: R06 muscle trained again early
-- unit: h; sets of both sessions
-- window: a qualifying session of the muscle and the one before it, at most 5 training days earlier
-- source: practice rule (48 to 72 h); domain.md M32, 4.2, 4.6
with near as materialized (
    select
        m.athlete_no, m.muscle, m.session_key, m.local_day, m.first_at, m.last_at, m.rest_h,
        m.utc_offset_s, m.change_at, m.change_offset_s,
        m.primary_sets, m.date_only, m.hard_sets, m.unknown_effort_sets, t.from_day
    from mart.muscle_session m
    join touched_alert t on m.athlete_no = t.athlete_no and m.local_day >= t.from_day - 7
    where m.qualifying and m.has_clock
),
paired as (
    select *,
        lag(local_day) over muscle_sessions as before_day,
        lag(last_at) over muscle_sessions as before_at,
        lag(rest_h) over muscle_sessions as before_rest_h,
        lag(primary_sets) over muscle_sessions as before_primary_sets,
        lag(date_only) over muscle_sessions as before_date_only,
        lag(hard_sets) over muscle_sessions as before_hard_sets,
        lag(unknown_effort_sets) over muscle_sessions as before_unknown_effort_sets
    from near
    window muscle_sessions as (partition by athlete_no, muscle order by first_at, session_key)
),
judged as (
    select *,
        epoch_us(first_at - before_at) / 3600000000.0::double as gap_h,
        primary_sets = 0 or before_primary_sets = 0 as secondary_only,
        date_only or before_date_only as degraded
    from paired
    where first_at >= from_day - interval 1 day and local_day - before_day between -2 and 5
)
select
    athlete_no, 'R06' as rule, 'muscle:' || muscle as scope, null::varchar as anchor, local_day, first_at as seen_at,
    greatest(
        case
            when gap_h < $r06_day_h::double then $r06_day_level::integer
            when gap_h < $r06_rest_h::double then $r06_rest_level::integer
            else $r06_long_rest_level::integer
        end - if(secondary_only or degraded, 1, 0),
        1
    )::tinyint as level,
    [
        gap_h, before_rest_h, rest_h, secondary_only::integer, degraded::integer, local_day - before_day,
        hard_sets + before_hard_sets, unknown_effort_sets + before_unknown_effort_sets
    ]::double[] as found,
    session_key, null::integer as exercise_no, replace(muscle, '_', ' ') as subject,
    last_at + to_hours(rest_h) as resolves_at,
    (resolves_at + to_seconds(if(coalesce(resolves_at >= change_at, false), change_offset_s, utc_offset_s)))::date as resolves_on
from judged
where gap_h >= 0 and gap_h < before_rest_h
