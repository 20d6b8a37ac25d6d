-- metric: M4, M5 (session best), M6, M11 (per exercise), M12
-- unit: sets, mg, thousandths x halves (V), thousandths x halves x 1e-8 (failure load), kg (e1RM)
-- window: exercise in a session, all blocks joined
-- source: domain.md 2, 4.6
create or replace temp table exercise_session_in as
select f.athlete_no, f.session_key, f.exercise_no, any_value(f.local_day) as local_day,
    any_value(s.start_at) as start_at, any_value(s.last_at) as last_at,
    count(*) filter (f.is_counted)::integer as sets,
    count(*) filter (f.is_counted and f.is_failure)::integer as failure_sets,
    count(*) filter (f.is_counted and f.is_failure_explicit)::integer as failure_sets_explicit,
    count(*) filter (f.is_counted and f.endpoint = 'FAIL_MECHANICAL')::integer as failure_sets_mechanical,
    count(*) filter (f.is_counted and f.endpoint = 'FAIL_TECHNICAL')::integer as failure_sets_technical,
    count(*) filter (f.is_counted and f.endpoint = 'FAIL_UNSPECIFIED')::integer as failure_sets_unspecified,
    count(*) filter (f.is_counted and f.rir_effective is not null)::integer as known_sets,
    count(*) filter (f.is_counted and f.effort_conflict)::integer as conflict_sets,
    count(*) filter (f.is_hard)::integer as hard_sets_known,
    count(*) filter (f.is_hard_assumed)::integer as hard_sets_assumed,
    sum(f.k_milli * f.q_half)::bigint as weighted_volume,
    coalesce(sum(f.k_milli * f.q_half * f.phi_e8), 0)::bigint as failure_load,
    coalesce(sum(f.volume_load_mg), 0)::bigint as volume_load_mg,
    count(*) filter (f.volume_load_mg is null and f.load_kind <> 'assisted')::integer as volume_rows_missing,
    coalesce(
        max(f.e1rm_kg) filter (f.is_counted and f.e1rm_status = 'OK'),
        max(f.e1rm_kg) filter (f.is_counted)
    ) as e1rm_kg,
    case
        when count(*) filter (f.is_counted and f.e1rm_status = 'OK') > 0 then 'OK'::base.status
        when count(*) filter (f.is_counted and f.e1rm_status = 'DEGRADED') > 0 then 'DEGRADED'::base.status
        else 'NOT_APPLICABLE'::base.status
    end as e1rm_status,
    max(f.weight_mg) filter (f.is_counted) as top_weight_mg,
    arg_max(f.reps, (f.weight_mg, f.reps)) filter (f.is_counted and f.reps is not null)::integer as top_reps,
    bool_or(f.date_only) as date_only,
    -- for the muscles of the exercise (50), over the rows that load one: without set times the session's bounds hold
    bool_or(f.q_half > 0) as is_loading,
    min(coalesce(f.performed_at, s.start_at)) filter (f.q_half > 0) as first_at,
    max(coalesce(f.performed_at, s.last_at)) filter (f.q_half > 0) as final_at,
    coalesce(sum(f.q_half * f.phi_e8), 0)::bigint as local_load
from mart.set_fact f
join session_in s on f.athlete_no = s.athlete_no and f.session_key = s.session_key and f.local_day = s.local_day
where f.is_working and f.superseded_by is null
group by f.athlete_no, f.session_key, f.exercise_no
