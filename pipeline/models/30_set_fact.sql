-- metric: M4, M5, M6, M9, M10 and what is kept of M1, M2, M3
-- unit: RIR in repetitions, loads in mg, e1RM in kg, phi in 1e-8
-- window: the set
-- source: domain.md 1, 2 and 4.6; Epley 1985
insert into mart.set_fact by name
with loaded as (
    select r.* exclude (load_kind), o.set_order, m.mass_mg,
        case
            when r.load_kind is not null then r.load_kind
            when r.default_load_kind = 'assisted' then 'assisted'::base.load_kind
            when r.default_load_kind = 'bodyweight' and coalesce(r.weight_mg, 0) = 0 then 'bodyweight'::base.load_kind
            when r.default_load_kind = 'bodyweight' then 'added'::base.load_kind
            else 'external'::base.load_kind
        end as load_kind,
        r.is_working and r.superseded_by is null and x.row_no is null as is_counting_side,
        r.reps + r.rir_effective as rep_max
    from effort_in r
    join order_in o on r.row_no = o.row_no
    left join side_second x on r.row_no = x.row_no
    left join mass_in m on r.athlete_no = m.athlete_no and r.local_day >= m.from_day and r.local_day < m.to_day
),
final as (
    select *,
        is_counting_side and set_type <> 'drop' as is_counted,
        if(is_counting_side, if(set_type = 'drop', 1, 2), 0) as q_half,
        round(exp(-1.15::double * rir_effective) * 1e8)::bigint as phi_e8,
        case load_kind
            when 'external' then weight_mg
            when 'assisted' then (mass_mg * bodyweight_milli) // 1000 - coalesce(weight_mg, 0)
            else (mass_mg * bodyweight_milli) // 1000 + coalesce(weight_mg, 0)
        end as load_mg
    from loaded
)
select athlete_no, doc_key, ordinal, session_key, local_day, set_order,
    performed_at, exercise_no, name_no, exercise_block, set_index, set_type, side, load_kind, load_mg,
    weight_mg, reps, duration_s, effort_scale, effort_value, rir::double as rir, rir_effective,
    case endpoint
        when 'FAIL_MECHANICAL' then 'failure'::base.effort_source
        when 'FAIL_TECHNICAL' then 'failure_technical'::base.effort_source
        when 'FAIL_UNSPECIFIED' then 'failure_unspecified'::base.effort_source
        when 'UNKNOWN' then null
        else 'logged'::base.effort_source
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
        when not is_working or rep_max is null or reps < 1 or coalesce(load_mg, 0) <= 0 then 'NOT_APPLICABLE'::base.status
        when rep_max > 12 then 'DEGRADED'::base.status
        else 'OK'::base.status
    end as e1rm_status,
    coalesce(abs(rir_logged - if(rpe_logged < 5, 5, 10 - rpe_logged)) > 0.5, false)
        or coalesce(failed and rir > 0, false) as effort_conflict,
    coalesce(censored, false) as censored, effort_dropped, date_only, superset, superseded_by
from final
