-- Recovery views of contract.md, and what several models read alike.
create or replace view base.declared_main_lift as   -- exercises of the newest list of main lifts of each athlete
with declared as (
    select athlete_no, lower(unnest(main_lifts)) as name
    from (
        select athlete_no, main_lifts
        from base.profile
        where len(main_lifts) > 0
        qualify row_number() over (partition by athlete_no order by position desc) = 1
    )
)
select d.athlete_no, x.exercise_no
from declared d
join base.exercise_name n on lower(n.name) = d.name
join base.exercise x on n.exercise_no = x.exercise_no
union
select d.athlete_no, x.exercise_no
from declared d
join base.exercise x on lower(x.exercise) = d.name or lower(x.display_name) = d.name;

create or replace view sleep_fact as
with night_span as (                -- a night shares a day in UTC with every other that overlaps it
    select athlete_no, doc_key, source, start_at, end_at,
        row(
            asleep_s is not null, epoch(end_at - start_at), -epoch(start_at), coalesce(asleep_s, 0), not nap, in_bed_s,
            doc_key
        ) as standing,
        unnest(generate_series(start_at::date, end_at::date, interval 1 day)) as utc_day
    from mart.sleep_episode
),
overlap as (                        -- one night handed out twice, or handed out growing, is one
    select e.athlete_no, e.doc_key, count(distinct f.doc_key)::integer as documents,
        bool_or(
            f.standing > e.standing
            and epoch(least(e.end_at, f.end_at) - greatest(e.start_at, f.start_at)) * 2 >= epoch(e.end_at - e.start_at)
        ) as is_folded
    from night_span e
    join night_span f
        on e.athlete_no = f.athlete_no and e.source = f.source and e.utc_day = f.utc_day and e.doc_key <> f.doc_key
        and f.start_at < e.end_at and f.end_at > e.start_at
    group by all
)
select p.tenant_id, p.athlete_id, d.document_id, s.night, s.start_at, s.end_at, s.end_local,
    s.in_bed_s / 60::double as in_bed_minutes, s.asleep_s / 60::double as asleep_minutes,
    if(s.in_bed_s > 0 and s.asleep_s <= s.in_bed_s, s.asleep_s / s.in_bed_s::double, null) as efficiency,
    s.nap, d.source, coalesce(o.documents, 0) as overlapping_documents
from mart.sleep_episode s
join base.athlete p on s.athlete_no = p.athlete_no
join base.document d on s.athlete_no = d.athlete_no and s.doc_key = d.doc_key
left join overlap o on s.athlete_no = o.athlete_no and s.doc_key = o.doc_key
where not coalesce(o.is_folded, false);

create or replace view hrv_fact as
select p.tenant_id, p.athlete_id, d.document_id, h.measured_at, h.local_day, h.statistic, h.value_ms, h.value_raw_ms,
    h.context, h.n_beats, h.rejected_share, h.status, d.source
from mart.hrv_reading h
join base.athlete p on h.athlete_no = p.athlete_no
join base.document d on h.athlete_no = d.athlete_no and h.doc_key = d.doc_key;

create or replace view resting_heart_rate_fact as
select p.tenant_id, p.athlete_id, d.document_id, e.local_day, (e.payload::json ->> '$.bpm')::double as resting_hr_bpm,
    d.source
from base.event_log e
join base.athlete p on e.athlete_no = p.athlete_no
join base.document d on e.athlete_no = d.athlete_no and e.doc_key = d.doc_key
where e.kind = 'resting_heart_rate';

create or replace view heart_rate_sample as
select p.tenant_id, p.athlete_id, d.document_id, s.start_at + to_microseconds(s.offset_us) as measured_at,
    s.bpm, s.context, d.source
from (
    select l.athlete_no, l.doc_key, e.measured_at as start_at, e.payload::json ->> '$.context' as context,
        unnest(coalesce(l.offset_us, list_transform(l.offset_ms, lambda ms: ms::bigint * 1000))) as offset_us,
        unnest(coalesce(l.bpm_exact, l.bpm::double[])) as bpm
    from base.heart_rate_log l
    join base.event_log e on l.athlete_no = e.athlete_no and l.doc_key = e.doc_key
) s
join base.athlete p on s.athlete_no = p.athlete_no
join base.document d on s.athlete_no = d.athlete_no and s.doc_key = d.doc_key;

create or replace view checkin_fact as
with answer as (
    select athlete_no, doc_key, measured_at, local_day, payload::json ->> '$.instrument' as instrument, part,
        unnest(json_keys(payload::json -> part)) as item, payload::json -> part as answers
    from base.event_log, (values ('items'), ('soreness'), ('joint_pain')) t(part)
    where kind = 'checkin' and json_type(payload::json -> part) = 'OBJECT'
)
select p.tenant_id, p.athlete_id, d.document_id, a.measured_at as checked_at, a.local_day, a.instrument, a.part, a.item,
    (a.answers ->> a.item)::double as answer, d.source
from answer a
join base.athlete p on a.athlete_no = p.athlete_no
join base.document d on a.athlete_no = d.athlete_no and a.doc_key = d.doc_key;

create or replace view recovery_day as
select p.tenant_id, p.athlete_id, d.local_day, d.sleep_min as sleep_minutes, d.sleep_efficiency, d.sleep_midpoint_min,
    d.sleep_source, d.sleep_age_days, d.sleep_n_7d, d.sleep_7d_min, d.sleep_n_28d, d.sleep_median_28d_min,
    if(d.sleep_n_14d >= 10 and d.sleep_age_days <= 3, d.sleep_debt_h, null) as sleep_debt_h,
    d.sleep_midpoint_sd_min, g.regularity as sleep_regularity_index,
    if(d.sleep_source is not null, coalesce(g.day_pairs, 0), null) as sleep_regularity_day_pairs,
    d.resting_hr_bpm, d.resting_hr_source, d.resting_hr_age_days, d.resting_hr_n_7d, d.resting_hr_n_28d,
    d.resting_hr_median_28d_bpm,
    if(
        d.resting_hr_n_28d >= 14 and d.resting_hr_n_7d >= 3 and d.resting_hr_age_days <= 3, d.resting_hr_deviation_bpm, null
    ) as resting_hr_deviation_bpm,
    if(d.resting_hr_n_28d >= 14 and d.resting_hr_n_7d >= 3 and d.resting_hr_age_days <= 3, d.resting_hr_z, null) as resting_hr_z,
    d.hrv_signal[4:] as hrv_signal, d.hrv_source, d.hrv_ms, d.hrv_age_days, d.hrv_n_7d, d.hrv_n_60d,
    if(d.hrv_n_7d >= 3, d.ln_hrv_7d, null) as ln_hrv_7d, if(d.hrv_n_7d >= 3, d.ln_hrv_cv_7d, null) as ln_hrv_cv_7d,
    d.ln_hrv_mean_60d, d.ln_hrv_sd_60d,
    case
        when d.hrv_n_7d < 3 or d.hrv_n_60d < 21 or d.hrv_n_7d is null or d.hrv_age_days > 3 then null
        when d.ln_hrv_7d < d.ln_hrv_mean_60d - 0.5::double * d.ln_hrv_sd_60d then 'BELOW'
        when d.ln_hrv_7d > d.ln_hrv_mean_60d + 0.5::double * d.ln_hrv_sd_60d then 'ABOVE'
        else 'WITHIN'
    end as hrv_state,
    if(
        d.hrv_n_7d >= 3 and d.hrv_n_60d >= 21 and d.hrv_age_days <= 3,
        (d.ln_hrv_7d - d.ln_hrv_mean_60d) / nullif(d.ln_hrv_sd_60d, 0), null
    ) as hrv_z,
    d.wellness_instrument, d.wellness_source, d.wellness_age_days, d.wellness_items, d.wellness_n_7d, d.wellness_n_28d,
    d.wellness_same_answers,
    d.subjective_z, d.fatigue_z, d.sleep_quality_z, d.stress_z, d.soreness_z, d.mood_z,
    l.model_version
from mart.recovery_day d
join base.athlete p on d.athlete_no = p.athlete_no
left join mart.sleep_regularity_day g
    on d.athlete_no = g.athlete_no and d.local_day = g.local_day and d.sleep_source = g.source
cross join base.ledger l;

create or replace view readiness_day as
select p.tenant_id, p.athlete_id, d.local_day, d.readiness, d.coverage, d.components, d.status, d.subjective_points,
    d.sleep_points, d.performance_points, d.hrv_points, d.resting_hr_points, l.model_version
from mart.readiness_day d
join base.athlete p on d.athlete_no = p.athlete_no
cross join base.ledger l;

create or replace view heart_rate_load as
select p.tenant_id, p.athlete_id, h.local_day, h.source, s.session_id, s.source as session_source, h.is_chosen,
    h.trimp as trimp_au, h.trimp_status, h.edwards as edwards_au, h.edwards_status,
    h.zone_1_min, h.zone_2_min, h.zone_3_min, h.zone_4_min, h.zone_5_min, h.coverage as heart_rate_coverage,
    h.resting_hr_bpm as resting_hr_median_28d_bpm, h.hr_max_bpm, h.hr_max_is_estimated, h.n_obs, l.model_version
from mart.heart_rate_load h
join base.athlete p on h.athlete_no = p.athlete_no
left join mart.session s on h.athlete_no = s.athlete_no and h.session_key = s.session_key
cross join base.ledger l
where h.session_key is null or s.session_key is not null;

create or replace view training_week as
select p.tenant_id, p.athlete_id, w.local_day, w.sessions_7d, w.hard_sets_7d, w.is_loading, w.is_failure_week,
    w.is_deload, w.weeks_since_deload, w.loading_weeks, w.telling_weeks, w.failure_weeks, w.hard_sets_base,
    w.hard_sets_most, w.failure_load_7d_fes, w.failure_load_base_fes, w.fatigue_weighted_volume_7d,
    w.fatigue_weighted_volume_base, w.load_kind, w.load_7d, w.monotony, w.strain, l.model_version
from mart.training_week w
join base.athlete p on w.athlete_no = p.athlete_no
cross join base.ledger l;

create or replace view base.load_shown as           -- M16, M17 of averages and M18, null before their minimum
select d.athlete_no, d.local_day, d.load, d.observed_days, d.sessions_28d, d.days,
    if(e.averaged, d.acute_numerator / d.acute_denominator, null) as acute,
    if(e.averaged, d.chronic_numerator / d.chronic_denominator, null) as chronic,
    acute / nullif(chronic, 0) as ratio_ewma,
    if(d.days >= 42, d.fitness, null) as fitness, if(d.days >= 42, d.fatigue, null) as fatigue,
    if(d.days >= 42, d.balance, null) as balance
from mart.load_day d,
lateral (select d.observed_days >= 28 and d.sessions_28d >= 6 as averaged) e;

create or replace view load_day as
select p.tenant_id, p.athlete_id, d.local_day, d.load as load_weighted_sets, d.observed_days, d.sessions_28d,
    d.acute as load_acute_weighted_sets, d.chronic as load_chronic_weighted_sets, d.ratio_ewma as load_ratio_ewma,
    d.days, d.fitness as fitness_weighted_sets, d.fatigue as fatigue_weighted_sets, d.balance as balance_weighted_sets,
    l.model_version
from base.load_shown d
join base.athlete p on d.athlete_no = p.athlete_no
cross join base.ledger l;

create or replace view exercise_trend as
select p.tenant_id, p.athlete_id, x.local_day, e.exercise, e.display_name as exercise_name, x.slope_kg_per_day,
    x.median_kg, x.pct28, x.p_decline, x.span_days, x.n_obs, x.is_declining, x.status, l.model_version
from mart.exercise_trend x
join base.athlete p on x.athlete_no = p.athlete_no
join base.exercise e on x.exercise_no = e.exercise_no
cross join base.ledger l;
