-- metric: M13, M11 (per muscle), M32 (which sessions qualify, and the rest they ask for)
-- unit: halves of a set, 1e-8 x quarter sets (local failure load), h
-- window: muscle in a session
-- source: domain.md M13 (Pelland 2024, fractional sets), M32
create or replace temp table muscle_session_in as
with grouped as (
    select f.athlete_no, f.session_key, m.muscle, any_value(f.local_day) as local_day,
        min(coalesce(f.performed_at, s.start_at)) as first_at,
        max(coalesce(f.performed_at, s.last_at)) as last_at,    -- without set times the session's bounds hold
        epoch(any_value(s.start_local) - any_value(s.start_at))::integer as utc_offset_s,
        coalesce(sum(m.c_half) filter (f.is_hard), 0)::integer as hard_known_half,
        coalesce(sum(m.c_half) filter (f.is_hard_assumed), 0)::integer as hard_assumed_half,
        coalesce(sum(m.c_half * f.q_half * f.phi_e8), 0)::bigint as failure_load_half,
        count(*) filter (m.is_primary and f.is_counted)::integer as primary_sets,
        coalesce(bool_or(f.is_failure) filter (m.is_primary and f.is_counted), false) as primary_failure,
        coalesce(bool_or(f.is_failure_explicit) filter (m.is_primary and f.is_counted), false) as primary_failure_explicit,
        coalesce(sum(m.c_half) filter (f.is_hard_assumed and m.has_clock), 0)::integer as clock_half,
        count(*) filter (m.is_primary and m.has_clock and f.is_hard_assumed) as clock_primary,
        bool_or(m.has_clock) as has_clock, bool_or(f.date_only) as date_only
    from fact_in f
    join session_in s on f.athlete_no = s.athlete_no and f.session_key = s.session_key
    join base.exercise_muscle m on f.exercise_no = m.exercise_no
    where f.q_half > 0 and f.local_day is not null
    group by f.athlete_no, f.session_key, m.muscle
)
select athlete_no, session_key, muscle, local_day, first_at, last_at, utc_offset_s,
    hard_known_half, hard_assumed_half, failure_load_half, primary_sets, primary_failure, primary_failure_explicit,
    has_clock and ((clock_primary > 0 and clock_half >= 4) or clock_half >= 8) as qualifying,
    if(primary_failure or hard_assumed_half >= 16, 72, 48)::integer as rest_h,
    has_clock, date_only
from grouped
