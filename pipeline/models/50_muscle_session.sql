-- metric: M13, M11 (per muscle), M32 (which sessions qualify, and the rest they ask for)
-- unit: halves of a set, sets, 1e-8 x quarter sets (local failure load), h
-- window: muscle in a session
-- source: domain.md M13 (Pelland 2024, fractional sets), M32
create or replace temp table muscle_session_in as
with clocked as (
    select athlete_no, session_key, last_at, zone, epoch(coalesce(last_local - last_at, start_local - start_at))::integer as utc_offset_s
    from session_in
),
home as (                           -- the athlete's zone in force, for times that name no zone
    select s.athlete_no, s.session_key, arg_max(p.timezone, p.position) as zone
    from clocked s
    join base.profile p on s.athlete_no = p.athlete_no
    join zone_clock c on p.timezone = c.zone and s.last_at >= c.from_at and s.last_at < c.to_at
    where s.zone is null and (p.timezone_from is null or (s.last_at + to_seconds(c.offset_s))::date >= p.timezone_from)
    group by all
),
changing as (                       -- an offset that is not that of the athlete's zone is another place: it stays
    select s.athlete_no, s.session_key, c.to_at as change_at, c.next_offset_s as change_offset_s
    from clocked s
    left join home h on s.athlete_no = h.athlete_no and s.session_key = h.session_key
    join zone_clock c
        on coalesce(s.zone, h.zone) = c.zone and s.last_at >= c.from_at and s.last_at < c.to_at
        and s.utc_offset_s = c.offset_s
    where c.to_at <= s.last_at + interval 8 day
),
grouped as (
    select x.athlete_no, x.session_key, m.muscle, any_value(x.local_day) as local_day,
        min(x.first_at) as first_at, max(x.final_at) as last_at,
        -- of the session's last set: summer time may begin while somebody trains
        any_value(epoch(coalesce(s.last_local - s.last_at, s.start_local - s.start_at)))::integer as utc_offset_s,
        any_value(c.change_at) as change_at, any_value(c.change_offset_s)::integer as change_offset_s,
        sum(m.c_half * x.hard_sets_known)::integer as hard_known_half,
        sum(m.c_half * x.hard_sets_assumed)::integer as hard_assumed_half,
        sum(x.hard_sets_assumed)::integer as hard_sets,
        sum(x.hard_sets_assumed - x.hard_sets_known)::integer as unknown_effort_sets,
        sum(m.c_half * x.local_load)::bigint as failure_load_half,
        coalesce(sum(x.sets) filter (m.is_primary), 0)::integer as primary_sets,
        bool_or(m.is_primary and x.failure_sets > 0) as primary_failure,
        bool_or(m.is_primary and x.failure_sets_explicit > 0) as primary_failure_explicit,
        coalesce(sum(m.c_half * x.hard_sets_assumed) filter (m.has_clock), 0)::integer as clock_half,
        bool_or(m.is_primary and m.has_clock and x.hard_sets_assumed > 0) as clock_primary,
        bool_or(m.has_clock) as has_clock, any_value(s.date_only) as date_only
    from exercise_session_in x
    join session_in s on x.athlete_no = s.athlete_no and x.session_key = s.session_key
    left join changing c on x.athlete_no = c.athlete_no and x.session_key = c.session_key
    join base.exercise_muscle m on x.exercise_no = m.exercise_no
    where x.is_loading
    group by x.athlete_no, x.session_key, m.muscle
)
select athlete_no, session_key, muscle, local_day, first_at, last_at, utc_offset_s, change_at, change_offset_s,
    hard_known_half, hard_assumed_half, failure_load_half, primary_sets, primary_failure, primary_failure_explicit,
    has_clock and ((clock_primary and clock_half >= 4) or clock_half >= 8) as qualifying,
    if(primary_failure or hard_assumed_half >= 16, 72, 48)::integer as rest_h,
    has_clock, date_only, hard_sets, unknown_effort_sets
from grouped
