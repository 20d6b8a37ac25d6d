-- metric: M1, M2, M3 (rungs 1 and 2), M4, M5, M6, M9, M10
-- unit: RIR in repetitions, loads in mg, e1RM in kg, phi in 1e-8
-- window: the set
-- source: domain.md 1, 2 and 4.6; Epley 1985
create or replace temp table fact_in as
with joined as (
    select r.athlete_no, r.doc_key, r.ordinal, r.session_key, s.local_day,
        r.anchor_day, r.exercise_block, r.set_index, r.set_type, r.side, r.weight_mg, r.reps, r.duration_s,
        r.source, r.effort_scale, r.effort_value, r.rir_logged, r.rpe_logged, r.outcome, r.effort_dropped,
        r.name_no, r.superset, r.rep_velocities_m_s,
        r.performed_at,
        e.exercise_no, e.k_milli, e.is_work, e.bodyweight_milli, s.date_only,
        coalesce(
            r.load_kind,
            case
                when e.default_load_kind = 'assisted' then 'assisted'
                when e.default_load_kind = 'bodyweight' then if(coalesce(r.weight_mg, 0) = 0, 'bodyweight', 'added')
                else 'external'
            end
        ) as load_kind,
        case
            when s.owner_doc_key is not null and r.doc_key <> s.owner_doc_key then s.owner_document_id
            else s.superseded_by
        end as superseded_by,
        m.mass_mg
    from row_in r
    join session_in s on r.athlete_no = s.athlete_no and r.session_key = s.session_key
    join base.exercise_name n on r.name_no = n.name_no
    join base.exercise e on n.exercise_no = e.exercise_no
    left join mass_in m on r.athlete_no = m.athlete_no and s.local_day >= m.from_day and s.local_day < m.to_day
),
effort as (
    select *,
        coalesce(rir_logged, if(rpe_logged < 5, 5, 10 - rpe_logged)) as rir,
        rir_logged is null and rpe_logged < 5 as censored,
        coalesce(outcome, '') in ('failed_mechanical', 'failed_technical', 'failed') and set_type <> 'warmup' as failed,
        case load_kind
            when 'external' then weight_mg
            when 'assisted' then (mass_mg * bodyweight_milli) // 1000 - coalesce(weight_mg, 0)
            else (mass_mg * bodyweight_milli) // 1000 + coalesce(weight_mg, 0)
        end as load_mg
    from joined
),
endpoint as (
    select *,
        case
            when not failed and rir is null then 'UNKNOWN'
            when not failed and rir = 0 then 'LIMIT'
            when not failed then 'SUBMAX'
            when outcome = 'failed_mechanical' then 'FAIL_MECHANICAL'
            when outcome = 'failed_technical' then 'FAIL_TECHNICAL'
            else 'FAIL_UNSPECIFIED'
        end as endpoint,
        case
            when failed and outcome = 'failed_mechanical' then 0
            when failed and outcome = 'failed_technical' then if(rir is null, 1, least(greatest(rir, 0.5), 1))
            when failed then if(rir is null, 0, least(rir, 1))
            else rir
        end::double as rir_effective,
        set_type <> 'warmup' and is_work as is_working
    from effort
),
side_second as (                    -- of a left and a right row of one set, the one with the higher RIR is not counted
    select athlete_no, doc_key, ordinal
    from endpoint
    where side in ('left', 'right') and is_working and set_index is not null and superseded_by is null
    qualify row_number() over (
        partition by athlete_no, session_key, exercise_no, exercise_block, set_index, set_type = 'drop'
        order by rir_effective nulls last, failed desc, side, ordinal, doc_key
    ) > 1
),
counted as (
    select p.*,
        p.is_working and p.superseded_by is null and x.doc_key is null as is_counting_side
    from endpoint p
    left join side_second x on p.athlete_no = x.athlete_no and p.doc_key = x.doc_key and p.ordinal = x.ordinal
),
final as (
    select *,
        is_counting_side and set_type <> 'drop' as is_counted,
        if(is_counting_side, if(set_type = 'drop', 1, 2), 0) as q_half,
        round(exp(-1.15::double * rir_effective) * 1e8)::bigint as phi_e8,
        reps + rir_effective as rep_max
    from counted
)
select athlete_no, doc_key, ordinal, session_key, local_day,
    row_number() over (
        partition by athlete_no, session_key
        order by superseded_by is not null, if(ordinal > 0, null, performed_at), ordinal,
            exercise_block, set_index, performed_at, doc_key
    )::integer as set_order,
    performed_at, exercise_no, name_no, exercise_block, set_index, set_type, side, load_kind, load_mg,
    weight_mg, reps, duration_s, source, effort_scale, effort_value,
    rir::double as rir, rir_effective,
    case endpoint
        when 'FAIL_MECHANICAL' then 'failure'
        when 'FAIL_TECHNICAL' then 'failure_technical'
        when 'FAIL_UNSPECIFIED' then 'failure_unspecified'
        when 'UNKNOWN' then null
        else 'logged'
    end as effort_source,
    endpoint, failed as is_failure_explicit,
    failed or (endpoint = 'LIMIT' and set_type <> 'warmup') as is_failure,
    outcome is not null as failure_recorded,
    is_working, is_counted, q_half::integer as q_half, k_milli, phi_e8,
    is_counted and coalesce(reps, 0) > 0 and coalesce(rir_effective <= 3, false) as is_hard,
    is_counted and coalesce(reps, 0) > 0 and coalesce(rir_effective <= 3, true) as is_hard_assumed,
    case when is_working and superseded_by is null and load_kind <> 'assisted' then weight_mg * reps end as volume_load_mg,
    case
        when not is_working or rep_max is null or reps < 1 or load_mg <= 0 then null
        when rep_max = 1 then load_mg / 1e6::double
        else load_mg / 1e6::double * (1 + rep_max / 30::double)
    end as e1rm_kg,
    case
        when not is_working or rep_max is null or reps < 1 or coalesce(load_mg, 0) <= 0 then 'NOT_APPLICABLE'
        when rep_max > 12 then 'DEGRADED'
        else 'OK'
    end as e1rm_status,
    coalesce(abs(rir_logged - if(rpe_logged < 5, 5, 10 - rpe_logged)) > 0.5, false)
        or coalesce(failed and rir > 0, false) as effort_conflict,
    coalesce(censored, false) as censored, effort_dropped, date_only, rep_velocities_m_s, superset, superseded_by
from final
