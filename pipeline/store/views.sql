-- What readers may rely on (contract.md). Internal integers become the units their names state.
create or replace view set_fact as
select p.tenant_id, p.athlete_id,
    d.document_id || if(f.ordinal > 0, '#' || f.ordinal, '') as document_id,
    d.source, s.session_id, f.set_order, f.performed_at, f.local_day,
    n.name as exercise, e.exercise_id, e.class as exercise_class,
    (
        select list(m.muscle order by m.muscle)
        from base.exercise_muscle m
        where m.exercise_no = f.exercise_no and m.is_primary
    ) as primary_muscles,
    f.exercise_block, f.set_index, f.set_type::varchar as set_type, f.reps, f.weight_mg / 1e6::double as weight_kg,
    f.load_mg / 1e6::double as load_kg, f.load_kind::varchar as load_kind, f.side::varchar as side, f.duration_s, f.superset,
    f.effort_scale::varchar as effort_scale, f.effort_value, f.rir,
    coalesce(f.rir_effective, x.rir_effective) as rir_effective,
    x.rir_se, coalesce(f.effort_source, x.effort_source)::varchar as effort_source,
    f.endpoint::varchar as endpoint, f.is_failure_explicit, f.is_failure, f.is_working, f.is_counted,
    f.is_hard as is_hard_known, f.is_hard_assumed,
    f.e1rm_kg, f.e1rm_status::varchar as e1rm_status, f.volume_load_mg / 1e6::double as volume_load_kg,
    f.superseded_by,
    list_filter(
        [
            if(f.effort_conflict, 'effort_conflict', null), if(f.censored, 'censored', null),
            if(f.effort_dropped, 'effort_dropped', null), if(x.exceeds_reference, 'exceeds_reference', null),
            if(f.date_only, 'date_only', null),
            if(f.is_working and f.volume_load_mg is null and f.superseded_by is null and f.load_kind <> 'assisted',
                'volume_missing', null)
        ],
        lambda flag: flag is not null
    ) as flags
from mart.set_fact f
join base.athlete p on f.athlete_no = p.athlete_no
join base.document d on f.athlete_no = d.athlete_no and f.doc_key = d.doc_key
join mart.session s on f.athlete_no = s.athlete_no and f.session_key = s.session_key
join base.exercise_name n on f.name_no = n.name_no
join base.exercise e on f.exercise_no = e.exercise_no
left join mart.set_estimate x
    on f.athlete_no = x.athlete_no and f.doc_key = x.doc_key and f.ordinal = x.ordinal and f.local_day = x.local_day;

create or replace view base.session_rating as       -- M14
select *, cr10 * duration_min as session_rpe_load_au,
    case
        when cr10 is null or duration_min is null then 'NOT_APPLICABLE'
        when duration_min > 240 then 'DEGRADED'
        else 'OK'
    end as status
from mart.session;

create or replace view session_load as
select p.tenant_id, p.athlete_id, s.session_id, s.source, s.title, s.local_day, s.start_at, s.last_at, s.start_local,
    s.last_local, s.ended, s.duration_min, s.cr10, s.session_rpe_load_au, s.status, s.rows as set_rows, s.date_only,
    s.superseded_by
from base.session_rating s
join base.athlete p on s.athlete_no = p.athlete_no;

create or replace view exercise_session as
select p.tenant_id, p.athlete_id, s.session_id, x.local_day, e.exercise, e.exercise_id, e.display_name as exercise_name,
    e.class as exercise_class, x.start_at, x.sets, x.failure_sets, x.failure_sets_explicit, x.failure_sets_mechanical,
    x.failure_sets_technical, x.failure_sets_unspecified, x.known_sets, x.conflict_sets,
    x.hard_sets_known, x.hard_sets_assumed,
    if(x.sets > 0, (x.sets - x.known_sets) / x.sets::double, null) as unknown_effort_share,
    x.volume_load_mg / 1e6::double as volume_load_kg, x.volume_rows_missing,
    x.weighted_volume / 2e3::double as weighted_volume, x.failure_load / 2e11::double as failure_load,
    x.failure_load / 2e8::double / e.k_milli as failure_load_exercise,
    0.30::double * (x.weighted_volume / 2e3::double) + 0.70::double * (x.failure_load / 2e11::double)
        as fatigue_weighted_volume,
    x.e1rm_kg, x.e1rm_status::varchar as e1rm_status, r.e1rm_ref_kg, r.n_obs as e1rm_ref_sessions,
    x.top_weight_mg / 1e6::double as top_weight_kg, x.top_reps,
    x.top_weight_mg / 1e6::double / r.e1rm_ref_kg as relative_intensity
from mart.exercise_session x
join base.athlete p on x.athlete_no = p.athlete_no
join mart.session s on x.athlete_no = s.athlete_no and x.session_key = s.session_key
join base.exercise e on x.exercise_no = e.exercise_no
left join mart.exercise_reference r
    on x.athlete_no = r.athlete_no and x.session_key = r.session_key and x.exercise_no = r.exercise_no
    and x.local_day = r.local_day;

create or replace view muscle_day as
select p.tenant_id, p.athlete_id, m.local_day, m.muscle,
    m.hard_known_half / 2::double as hard_sets_known, m.hard_assumed_half / 2::double as hard_sets_assumed,
    m.failure_load_half / 4e8::double as failure_load, m.freshness
from mart.muscle_day m
join base.athlete p on m.athlete_no = p.athlete_no;

create or replace view athlete_day as
select p.tenant_id, p.athlete_id, d.local_day, d.sessions, d.sets, d.failure_sets, d.failure_sets_explicit,
    d.failure_sets_mechanical, d.failure_sets_technical, d.failure_sets_unspecified, d.known_sets, d.conflict_sets,
    d.hard_sets_known, d.hard_sets_assumed, d.volume_load_mg / 1e6::double as volume_load_kg,
    d.weighted_volume / 2e3::double as weighted_volume, d.failure_load / 2e11::double as failure_load,
    d.failure_load_estimated / 2e11::double as failure_load_estimated,
    0.30::double * (d.weighted_volume / 2e3::double) + 0.70::double * (d.failure_load / 2e11::double)
        as fatigue_weighted_volume,
    if(d.sets > 0, (d.sets - d.known_sets) / d.sets::double, null) as unknown_effort_share,
    r.sleep_min as sleep_minutes, r.sleep_efficiency, r.resting_hr_bpm,
    if(r.hrv_signal like 'ln_rmssd%', r.hrv_ms, null) as rmssd_ms, y.readiness,
    case
        when d.revised then 'revised'
        when d.local_day < s.today - 1 then 'final'
        else 'provisional'
    end as state,
    d.revision, l.model_version
from mart.athlete_day d
join base.athlete p on d.athlete_no = p.athlete_no
join base.athlete_span s on d.athlete_no = s.athlete_no
left join mart.recovery_day r on d.athlete_no = r.athlete_no and d.local_day = r.local_day
left join mart.readiness_day y on d.athlete_no = y.athlete_no and d.local_day = y.local_day
cross join base.ledger l;

create or replace view indicator as
with body as (
    select d.athlete_no, d.local_day, 'body' as scope, d.sets as n_obs, w.observed,
        d.sets > 0 and d.sets - d.known_sets > 0.5 * d.sets as thin_effort,
        unnest([
            {'id': 'M6', 'metric': 'volume_load_kg', 'value': d.volume_load_mg / 1e6::double, 'effort': false, 'days': 1},
            {'id': 'M11', 'metric': 'weighted_volume_sets', 'value': d.weighted_volume / 2e3::double, 'effort': false, 'days': 1},
            {'id': 'M11', 'metric': 'failure_load_fes', 'value': d.failure_load / 2e11::double, 'effort': true, 'days': 1},
            {'id': 'M11', 'metric': 'failure_load_estimated_fes', 'value': d.failure_load_estimated / 2e11::double, 'effort': true, 'days': 1},
            {'id': 'M11', 'metric': 'fatigue_weighted_volume_sets', 'value': 0.30::double * (d.weighted_volume / 2e3::double) + 0.70::double * (d.failure_load / 2e11::double), 'effort': true, 'days': 1},
            {'id': 'M12', 'metric': 'failure_sets', 'value': d.failure_sets::double, 'effort': true, 'days': 1},
            {'id': 'M12', 'metric': 'failure_sets_explicit', 'value': d.failure_sets_explicit::double, 'effort': true, 'days': 1},
            {'id': 'M4', 'metric': 'hard_sets_known', 'value': d.hard_sets_known::double, 'effort': true, 'days': 1},
            {'id': 'M4', 'metric': 'hard_sets_assumed', 'value': d.hard_sets_assumed::double, 'effort': false, 'days': 1}
        ]) as m
    from mart.athlete_day d
    left join mart.athlete_window w on d.athlete_no = w.athlete_no and d.local_day = w.local_day
),
body_week as (
    select w.athlete_no, w.local_day, 'body' as scope, w.sets_7d as n_obs, w.observed,
        w.sets_7d > 0 and w.sets_7d - w.known_sets_7d > 0.5 * w.sets_7d as thin_effort,
        unnest([
            {'id': 'M6', 'metric': 'volume_load_7d_kg', 'value': w.volume_load_mg_7d / 1e6::double, 'effort': false, 'days': 7},
            {'id': 'M11', 'metric': 'weighted_volume_7d_sets', 'value': w.weighted_volume_7d / 2e3::double, 'effort': false, 'days': 7},
            {'id': 'M11', 'metric': 'failure_load_7d_fes', 'value': w.failure_load_7d / 2e11::double, 'effort': true, 'days': 7},
            {'id': 'M11', 'metric': 'fatigue_weighted_volume_7d_sets', 'value': 0.30::double * (w.weighted_volume_7d / 2e3::double) + 0.70::double * (w.failure_load_7d / 2e11::double), 'effort': true, 'days': 7},
            {'id': 'M12', 'metric': 'failure_sets_7d', 'value': w.failure_sets_7d::double, 'effort': true, 'days': 7},
            {'id': 'M12', 'metric': 'failure_sets_explicit_7d', 'value': w.failure_sets_explicit_7d::double, 'effort': true, 'days': 7},
            {'id': 'M4', 'metric': 'hard_sets_known_7d', 'value': w.hard_sets_known_7d::double, 'effort': true, 'days': 7},
            {'id': 'M4', 'metric': 'hard_sets_assumed_7d', 'value': w.hard_sets_assumed_7d::double, 'effort': false, 'days': 7}
        ]) as m
    from mart.athlete_window w
),
muscle as (
    select d.athlete_no, d.local_day, 'muscle:' || d.muscle as scope, null::integer as n_obs, true as observed,
        false as thin_effort,
        unnest([
            {'id': 'M13', 'metric': 'hard_sets_known', 'value': d.hard_known_half / 2::double, 'effort': true, 'days': 1},
            {'id': 'M13', 'metric': 'hard_sets_assumed', 'value': d.hard_assumed_half / 2::double, 'effort': false, 'days': 1},
            {'id': 'M11', 'metric': 'failure_load_fes', 'value': d.failure_load_half / 4e8::double, 'effort': true, 'days': 1},
            {'id': 'M32', 'metric': 'freshness', 'value': d.freshness, 'effort': false, 'days': 4}
        ]) as m
    from mart.muscle_day d
),
lift as (
    select x.athlete_no, x.local_day, 'exercise-session:' || s.session_id || '/' || e.exercise as scope,
        x.known_sets as n_obs, true as observed,
        x.sets > 0 and x.sets - x.known_sets > 0.5 * x.sets as thin_effort,
        x.e1rm_status::varchar as e1rm_status, x.e1rm_kg, x.top_weight_mg, x.failure_load, x.sets, x.failure_sets, e.k_milli,
        r.e1rm_ref_kg, r.n_obs as n_ref
    from mart.exercise_session x
    join mart.session s on x.athlete_no = s.athlete_no and x.session_key = s.session_key
    join base.exercise e on x.exercise_no = e.exercise_no
    left join mart.exercise_reference r
        on x.athlete_no = r.athlete_no and x.session_key = r.session_key and x.exercise_no = r.exercise_no
        and x.local_day = r.local_day
),
lift_long as (
    select athlete_no, local_day, scope, 'M5' as metric_id, 'e1rm_kg' as metric, e1rm_kg as value, e1rm_status as status,
        n_obs, local_day as window_start
    from lift
    union all
    select athlete_no, local_day, scope, 'M7', 'relative_intensity', top_weight_mg / 1e6::double / e1rm_ref_kg,
        case when top_weight_mg is null then 'NOT_APPLICABLE' when e1rm_ref_kg is null then 'INSUFFICIENT' else 'OK' end,
        coalesce(n_ref, 0), local_day - 42
    from lift
    union all
    select athlete_no, local_day, scope, 'M11', 'failure_load_fes', failure_load / 2e8::double / k_milli,
        if(thin_effort, 'DEGRADED', 'OK'), n_obs, local_day
    from lift
    union all
    select athlete_no, local_day, scope, 'M12', 'failure_sets', failure_sets::double,
        if(thin_effort, 'DEGRADED', 'OK'), sets, local_day
    from lift
),
recovery as (
    select athlete_no, local_day, 'body' as scope, wellness_same_answers, has_poor_beats,
        unnest([
            {'id': 'M22', 'metric': 'sleep_duration_min', 'value': sleep_min, 'n': (sleep_min is not null)::integer, 'age': 0, 'need': 1, 'age_max': 3, 'days': 1},
            {'id': 'M22', 'metric': 'sleep_efficiency', 'value': sleep_efficiency, 'n': (sleep_efficiency is not null)::integer, 'age': 0, 'need': 1, 'age_max': 3, 'days': 1},
            {'id': 'M22', 'metric': 'sleep_duration_7d_min', 'value': sleep_7d_min, 'n': sleep_n_7d, 'age': sleep_age_days, 'need': 3, 'age_max': 3, 'days': 7},
            {'id': 'M23', 'metric': 'sleep_debt_14d_h', 'value': sleep_debt_h, 'n': sleep_n_14d, 'age': sleep_age_days, 'need': 10, 'age_max': 3, 'days': 14},
            {'id': 'M24', 'metric': 'sleep_regularity_index', 'value': regularity, 'n': day_pairs, 'age': sleep_age_days, 'need': 5, 'age_max': 3, 'days': 15},
            {'id': 'M25', 'metric': 'sleep_midpoint_sd_min', 'value': sleep_midpoint_sd_min, 'n': sleep_midpoint_n_14d, 'age': sleep_age_days, 'need': 7, 'age_max': 3, 'days': 14},
            {'id': 'M27', 'metric': 'resting_hr_bpm', 'value': resting_hr_bpm, 'n': (resting_hr_bpm is not null)::integer, 'age': 0, 'need': 1, 'age_max': 3, 'days': 1},
            {'id': 'M27', 'metric': 'resting_hr_deviation_bpm', 'value': resting_hr_deviation_bpm, 'n': if(resting_hr_n_28d >= 14, resting_hr_n_7d, 0), 'age': resting_hr_age_days, 'need': 3, 'age_max': 3, 'days': 35},
            {'id': 'M28', 'metric': 'rmssd_ms', 'value': if(hrv_signal like 'ln_rmssd%', hrv_ms, null), 'n': (hrv_signal like 'ln_rmssd%' and hrv_ms is not null)::integer, 'age': 0, 'need': 1, 'age_max': 3, 'days': 1},
            {'id': 'M29', 'metric': 'ln_hrv_7d', 'value': ln_hrv_7d, 'n': hrv_n_7d, 'age': hrv_age_days, 'need': 3, 'age_max': 3, 'days': 7},
            {'id': 'M29', 'metric': 'ln_hrv_cv_7d_percent', 'value': ln_hrv_cv_7d, 'n': hrv_n_7d, 'age': hrv_age_days, 'need': 3, 'age_max': 3, 'days': 7},
            {'id': 'M29', 'metric': 'hrv_z', 'value': (ln_hrv_7d - ln_hrv_mean_60d) / nullif(ln_hrv_sd_60d, 0), 'n': if(hrv_n_60d >= 21, hrv_n_7d, 0), 'age': hrv_age_days, 'need': 3, 'age_max': 3, 'days': 67},
            {'id': 'M30', 'metric': 'subjective_z', 'value': subjective_z, 'n': if(wellness_n_28d >= 10 and wellness_items_ready >= 3, wellness_n_7d, 0), 'age': wellness_age_days, 'need': 3, 'age_max': 7, 'days': 35},
            {'id': 'M30', 'metric': 'fatigue_z', 'value': fatigue_z, 'n': if(wellness_n_28d >= 10, wellness_n_7d, 0), 'age': wellness_age_days, 'need': 3, 'age_max': 7, 'days': 35},
            {'id': 'M30', 'metric': 'sleep_quality_z', 'value': sleep_quality_z, 'n': if(wellness_n_28d >= 10, wellness_n_7d, 0), 'age': wellness_age_days, 'need': 3, 'age_max': 7, 'days': 35},
            {'id': 'M30', 'metric': 'stress_z', 'value': stress_z, 'n': if(wellness_n_28d >= 10, wellness_n_7d, 0), 'age': wellness_age_days, 'need': 3, 'age_max': 7, 'days': 35},
            {'id': 'M30', 'metric': 'soreness_z', 'value': soreness_z, 'n': if(wellness_n_28d >= 10, wellness_n_7d, 0), 'age': wellness_age_days, 'need': 3, 'age_max': 7, 'days': 35},
            {'id': 'M30', 'metric': 'mood_z', 'value': mood_z, 'n': if(wellness_n_28d >= 10, wellness_n_7d, 0), 'age': wellness_age_days, 'need': 3, 'age_max': 7, 'days': 35}
        ]) as m
    from (
        select d.*, g.regularity, if(d.sleep_source is not null, coalesce(g.day_pairs, 0), null) as day_pairs,
            q.source is not null as has_poor_beats
        from mart.recovery_day d
        left join (                 -- what went into the day's value was in part of poor quality (M28)
            select distinct athlete_no, local_day, 'ln_' || statistic || '_' || context as signal, source
            from mart.hrv_reading
            where status = 'DEGRADED' and value_ms >= 3 and value_ms <= 300
        ) q
            on d.athlete_no = q.athlete_no and d.local_day = q.local_day and d.hrv_signal = q.signal
            and d.hrv_source = q.source
        left join mart.sleep_regularity_day g
            on d.athlete_no = g.athlete_no and d.local_day = g.local_day and d.sleep_source = g.source
    )
),
recovery_long as (
    select athlete_no, local_day, m.id as metric_id, m.metric as metric, scope,
        if(m.age <= m.age_max and m.n >= m.need, m.value, null) as value,
        case
            when m.age > m.age_max then 'STALE'
            when m.n >= m.need and m.value is not null and m.id = 'M30' and wellness_same_answers >= 14 then 'DEGRADED'
            when m.n >= m.need and m.value is not null and m.id = 'M28' and has_poor_beats then 'DEGRADED'
            when m.n >= m.need and m.value is not null then 'OK'
            when m.n >= m.need then 'NOT_APPLICABLE'
            else 'INSUFFICIENT'
        end as status,
        coalesce(m.n, 0) as n_obs, local_day - (m.days - 1) as window_start
    from recovery
    where m.value is not null or m.days > 1 and (m.age > m.age_max or m.n < m.need)
),
heart_rate as (                     -- of several sources the chosen one
    select h.athlete_no, h.local_day, h.n_obs, if(h.session_key is null, 'body', 'session:' || s.session_id) as scope,
        unnest([
            {'metric': 'trimp_au', 'value': h.trimp, 'status': h.trimp_status},
            {'metric': 'edwards_load_au', 'value': h.edwards, 'status': h.edwards_status},
            {'metric': 'heart_rate_zone_1_min', 'value': h.zone_1_min, 'status': h.edwards_status},
            {'metric': 'heart_rate_zone_2_min', 'value': h.zone_2_min, 'status': h.edwards_status},
            {'metric': 'heart_rate_zone_3_min', 'value': h.zone_3_min, 'status': h.edwards_status},
            {'metric': 'heart_rate_zone_4_min', 'value': h.zone_4_min, 'status': h.edwards_status},
            {'metric': 'heart_rate_zone_5_min', 'value': h.zone_5_min, 'status': h.edwards_status},
            {'metric': 'heart_rate_coverage', 'value': h.coverage, 'status': case when h.coverage is null then 'UNDEFINED' when h.coverage < 0.8::double then 'DEGRADED' else 'OK' end}
        ]) as m
    from mart.heart_rate_load h
    left join mart.session s on h.athlete_no = s.athlete_no and h.session_key = s.session_key
    where h.is_chosen and (h.session_key is null or s.session_key is not null)
),
long as (
    select athlete_no, local_day, m.id as metric_id, m.metric as metric, scope, m.value as value,
        case
            when m.value is null then 'NOT_APPLICABLE'
            when not coalesce(observed, true) then 'DEGRADED'
            when m.effort and thin_effort then 'DEGRADED'
            else 'OK'
        end as status,
        n_obs, local_day - (m.days - 1) as window_start
    from (from body union all from body_week union all from muscle)
    union all by name
    select * from lift_long
    union all by name
    select * from recovery_long
    union all by name
    select athlete_no, local_day, 'M19' as metric_id, m.metric as metric, scope, m.value as value, m.status as status,
        n_obs, local_day as window_start
    from heart_rate
    union all by name
    select athlete_no, local_day, 'M33' as metric_id, 'readiness' as metric, 'body' as scope, readiness as value, status,
        components as n_obs, local_day - 34 as window_start
    from mart.readiness_day
    union all by name
    select x.athlete_no, x.local_day, 'M20' as metric_id, 'e1rm_trend_28d_percent' as metric,
        'exercise:' || e.exercise as scope, if(x.status = 'OK', x.pct28, null) as value, x.status, x.n_obs,
        x.local_day - 28 as window_start
    from mart.exercise_trend x
    join base.exercise e on x.exercise_no = e.exercise_no
    union all by name
    select athlete_no, local_day, m.id as metric_id, m.metric as metric, 'body' as scope, m.value as value,
        if(m.value is null, 'UNDEFINED', 'OK') as status, m.n as n_obs, local_day - (m.days - 1) as window_start
    from (
        select athlete_no, local_day, unnest([
            {'id': 'M15', 'metric': 'monotony', 'value': monotony, 'n': sessions_7d, 'days': 7},
            {'id': 'M15', 'metric': 'strain', 'value': strain, 'n': sessions_7d, 'days': 7},
            {'id': 'M17', 'metric': 'hard_sets_ratio', 'value': hard_sets_7d / nullif(hard_sets_base, 0), 'n': hard_sets_sessions, 'days': 28},
            {'id': 'M17', 'metric': 'failure_load_ratio', 'value': failure_load_7d_fes / nullif(failure_load_base_fes, 0), 'n': hard_sets_sessions, 'days': 28},
            {'id': 'M21', 'metric': 'weeks_since_deload', 'value': weeks_since_deload::double, 'n': loading_weeks, 'days': 182}
        ]) as m
        from mart.training_week
        where sessions_7d > 0 or hard_sets_base > 0
    )
    union all by name
    select athlete_no, local_day, m.id as metric_id, m.metric as metric, 'body' as scope, m.value as value,
        case
            when m.value is null then 'INSUFFICIENT'
            when observed_days = 0 or thin_effort then 'DEGRADED'
            else 'OK'
        end as status,
        m.n as n_obs, local_day - greatest(m.n - 1, 0) as window_start
    from (
        select d.athlete_no, d.local_day, d.observed_days, w.sets_14d - w.known_sets_14d > 0.5 * w.sets_14d as thin_effort,
            unnest([
                {'id': 'M16', 'metric': 'load_acute_weighted_sets', 'value': d.acute, 'n': d.observed_days},
                {'id': 'M16', 'metric': 'load_chronic_weighted_sets', 'value': d.chronic, 'n': d.observed_days},
                {'id': 'M17', 'metric': 'load_ratio_ewma', 'value': d.ratio_ewma, 'n': d.observed_days},
                {'id': 'M18', 'metric': 'fitness_weighted_sets', 'value': d.fitness, 'n': d.days},
                {'id': 'M18', 'metric': 'fatigue_weighted_sets', 'value': d.fatigue, 'n': d.days},
                {'id': 'M18', 'metric': 'balance_weighted_sets', 'value': d.balance, 'n': d.days}
            ]) as m
        from base.load_shown d
        left join mart.athlete_window w on d.athlete_no = w.athlete_no and d.local_day = w.local_day
    )
    union all by name
    select athlete_no, local_day, 'M31' as metric_id, m.metric as metric,
        if(muscle is null, 'body', 'muscle:' || muscle) as scope, m.value as value, 'OK' as status, answers as n_obs,
        least(coalesce(trained_on, local_day - 28) + 1, local_day) as window_start
    from (
        select athlete_no, local_day, muscle, answers, trained_on, unnest([
            {'metric': 'sore_days', 'value': sore_days::double},
            {'metric': 'sore_span_days', 'value': span_days::double}
        ]) as m
        from mart.soreness_day
    )
    union all by name
    select athlete_no, local_day, 'M14' as metric_id, 'session_rpe_load_au' as metric,
        'session:' || session_id as scope, session_rpe_load_au as value, status, 1 as n_obs, local_day as window_start
    from base.session_rating
    where superseded_by is null and local_day is not null and status <> 'NOT_APPLICABLE'
)
select p.tenant_id, p.athlete_id, i.local_day, i.metric_id, i.metric, i.scope, i.value, i.status, i.n_obs,
    i.window_start, i.local_day as window_end, l.model_version
from long i
join base.athlete p on i.athlete_no = p.athlete_no
cross join base.ledger l;

create or replace view body_mass_fact as
select p.tenant_id, p.athlete_id, d.document_id, d.source, b.measured_at, b.day as local_day,
    b.mass_mg / 1e6::double as body_mass_kg
from base.body_mass b
join base.athlete p on b.athlete_no = p.athlete_no
join base.document d on b.athlete_no = d.athlete_no and b.doc_key = d.doc_key;

create or replace view declaration_fact as
select p.tenant_id, p.athlete_id, d.document_id, d.source, e.payload ->> '$.what' as what,
    (e.payload ->> '$.from_day')::date as from_day, (e.payload ->> '$.to_day')::date as to_day
from base.event_log e
join base.athlete p on e.athlete_no = p.athlete_no
join base.document d on e.athlete_no = d.athlete_no and e.doc_key = d.doc_key
where e.kind = 'declaration';

create or replace view rejected as
select tenant_id, athlete_id, received_at, source, upload_id, item_index, reason, field, message, excerpt
from base.rejected;

create or replace view ignored as
select tenant_id, athlete_id, received_at, source, upload_id, item_index, reason
from base.ignored;

create or replace view unmapped_exercise as
select p.tenant_id, p.athlete_id, n.name, n.suggestions, count(*) as sets,
    min(f.local_day) as first_day, max(f.local_day) as last_day
from mart.set_fact f
join base.exercise e on f.exercise_no = e.exercise_no
join base.exercise_name n on f.name_no = n.name_no
join base.athlete p on f.athlete_no = p.athlete_no
where e.exercise_id is null
group by all;

create or replace view source_health as
select p.tenant_id, p.athlete_id, d.source, count(*) as documents, max(d.received_at) as last_received_at,
    max(d.to_day) as newest_utc_day
from base.document d
join base.athlete p on d.athlete_no = p.athlete_no
where d.alive and p.athlete_id <> ''
group by all;

create or replace view ledger as
select partition, next_offset, items, superseded, conflicts,
    (select coalesce(sum(items), 0)::bigint from base.document where alive) as current,
    (select coalesce(sum(items), 0)::bigint from base.document where not alive) as gone,
    (select count(*) from base.ignored) as ignored,
    (select count(*) from base.rejected) as rejected,
    (select count(*) from base.mark) as marks, model_version, rule_version, catalogue_version
from base.ledger;
