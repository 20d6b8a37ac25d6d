-- metric: M22, M23, M25, M27, M29, M30 (whole body)
-- unit: min, h, bpm, ln ms, multiples of the baseline's spread
-- window: the day; 3, 7 and 14 days; baselines of days 8 to 35 and 8 to 67
-- source: domain.md 3; of several sources and devices the one the athlete lists first, else the one with the longest
-- baseline, and another where that one is silent
insert into mart.recovery_day by name
with profile as (                  -- of each field the newest that was stated
    select athlete_no, arg_max(source_priority, position)::json as listed,
        arg_max(sleep_need_h, position) as sleep_need_h, arg_max(birth_year, position) as birth_year
    from base.profile
    group by athlete_no
),
near as materialized (
    select w.*, base.signal_kind(w.signal) as metric
    from mart.signal_window w
    join touched_signal_window t
        on w.athlete_no = t.athlete_no and w.local_day >= t.from_day and w.local_day <= t.to_day
    where w.local_day >= $first_day
),
ranked as (
    select n.*, coalesce(
            nullif(list_position((p.listed -> n.metric)::varchar[], n.source), 0),
            nullif(list_position((p.listed -> n.metric)::varchar[], regexp_extract(n.source, '^(.+?) \(', 1)), 0),
            1000
        ) as listed,
        case
            when n.signal = 'ln_rmssd_overnight' then 1
            when n.signal = 'ln_rmssd_morning' then 2
            when n.signal like 'ln_rmssd%' then 3
            when n.signal = 'ln_sdnn_overnight' then 4
            when n.signal = 'ln_sdnn_morning' then 5
            else 6
        end as kind_rank
    from near n
    left join profile p on n.athlete_no = p.athlete_no
),
chosen as (
    select *
    from ranked
    where signal in ('sleep_min', 'resting_hr_bpm')
    qualify row_number() over (
        partition by athlete_no, local_day, signal order by age_days > 3, listed, value is null, n_60d desc, source
    ) = 1
),
hrv as (
    select *
    from ranked
    where metric = 'hrv'
    qualify row_number() over (
        partition by athlete_no, local_day
        order by age_days > 3, listed, n_60d < 21, kind_rank, value is null, n_60d desc, source, signal
    ) = 1
),
item as (
    select athlete_no, local_day, source, string_split(signal, '_')[1] as instrument,
        replace(regexp_replace(signal, '^[a-z]+_', ''), 'sleep_quality', 'sleep') as item,
        age_days, listed, n_7d, n_28d,
        case
            when n_28d >= 10 and n_7d >= 3 then
                (mean_7d - median_28d)
                / greatest(spread_28d, 0.5 / case when signal like 'hooper%' then 6 when signal like 'mclean%' then 4 else 10 end)
        end as z
    from ranked
    where metric = 'checkin'
),
answered as (
    select athlete_no, local_day, source, instrument, min(age_days) as age_days, min(listed) as listed,
        count(*)::integer as items, count(z)::integer as ready, max(n_7d) as n_7d, max(n_28d) as n_28d,
        if(count(z) >= 3, list_avg(list_sort(list(z) filter (z is not null))), null) as subjective_z,
        max(z) filter (item = 'fatigue') as fatigue_z, max(z) filter (item = 'sleep') as sleep_quality_z,
        max(z) filter (item = 'stress') as stress_z, max(z) filter (item = 'soreness') as soreness_z,
        max(z) filter (item = 'mood') as mood_z
    from item
    group by athlete_no, local_day, source, instrument
),
instrument as (
    select *
    from answered
    qualify row_number() over (
        partition by athlete_no, local_day order by age_days > 7, listed, ready desc, n_28d desc, instrument, source
    ) = 1
),
report as (                         -- all that was said of one questionnaire on a day
    select s.athlete_no, s.source, string_split(s.signal, '_')[1] as instrument, s.local_day,
        sum(hash(s.signal, s.value)) as said    -- a number, for texts of so many days took most of the time
    from mart.signal_day s
    join touched_signal_window t
        on s.athlete_no = t.athlete_no and s.local_day >= t.from_day - 66 and s.local_day <= t.to_day
    where s.local_day >= $first_day and base.signal_kind(s.signal) = 'checkin'
    group by all
),
alike as (                          -- the same how often in a row, of the reports of 54 days: 67 with those 13 of silence
    select athlete_no, source, instrument, local_day, count(*) over (
            partition by athlete_no, source, instrument, stretch order by local_day
            range between interval 53 day preceding and current row
        )::integer as reports
    from (
        select *, sum(is_other) over (partition by athlete_no, source, instrument order by local_day) as stretch
        from (
            select *, coalesce(
                    said <> lag(said) over (partition by athlete_no, source, instrument order by local_day), true
                )::integer as is_other
            from report
        )
    )
),
days as (
    select distinct athlete_no, local_day
    from near
)
select d.athlete_no, d.local_day,
    s.value as sleep_min, e.value as sleep_efficiency, m.value as sleep_midpoint_min, s.source as sleep_source,
    s.age_days as sleep_age_days, s.n_3d as sleep_n_3d, s.mean_3d as sleep_3d_min, s.n_7d as sleep_n_7d,
    s.mean_7d as sleep_7d_min, s.n_28d as sleep_n_28d, s.median_28d as sleep_median_28d_min,
    s.spread_28d as sleep_spread_28d_min, s.n_14d as sleep_n_14d,
    if(
        s.n_14d > 0,
        greatest(0, 14 * (
            coalesce(n.sleep_need_h, if(year(d.local_day) - n.birth_year between 13 and 19, 9, 8)) - s.mean_14d / 60
        )),
        null
    ) as sleep_debt_h,
    m.clock_sd_14d_min as sleep_midpoint_sd_min, m.n_14d as sleep_midpoint_n_14d,
    r.value as resting_hr_bpm, r.source as resting_hr_source, r.age_days as resting_hr_age_days,
    r.n_7d as resting_hr_n_7d, r.n_28d as resting_hr_n_28d, r.median_28d as resting_hr_median_28d_bpm,
    r.median_7d - r.median_28d as resting_hr_deviation_bpm,
    (r.median_7d - r.median_28d) / greatest(r.spread_28d, 1) as resting_hr_z,
    h.signal as hrv_signal, h.source as hrv_source, exp(h.value) as hrv_ms, h.age_days as hrv_age_days,
    h.n_7d as hrv_n_7d, h.n_60d as hrv_n_60d, h.mean_7d as ln_hrv_7d,
    100 * h.sd_7d / h.mean_7d as ln_hrv_cv_7d, h.mean_60d as ln_hrv_mean_60d, h.sd_60d as ln_hrv_sd_60d,
    i.instrument as wellness_instrument, i.source as wellness_source, i.age_days as wellness_age_days,
    i.items as wellness_items, i.ready as wellness_items_ready, i.n_7d as wellness_n_7d, i.n_28d as wellness_n_28d,
    a.reports as wellness_same_answers, i.subjective_z, i.fatigue_z, i.sleep_quality_z, i.stress_z, i.soreness_z, i.mood_z
from days d
left join chosen s on d.athlete_no = s.athlete_no and d.local_day = s.local_day and s.signal = 'sleep_min'
left join near e
    on s.athlete_no = e.athlete_no and s.local_day = e.local_day and s.source = e.source and e.signal = 'sleep_efficiency'
left join near m
    on s.athlete_no = m.athlete_no and s.local_day = m.local_day and s.source = m.source
    and m.signal = 'sleep_midpoint_min'
left join profile n on d.athlete_no = n.athlete_no
left join chosen r on d.athlete_no = r.athlete_no and d.local_day = r.local_day and r.signal = 'resting_hr_bpm'
left join hrv h on d.athlete_no = h.athlete_no and d.local_day = h.local_day
left join instrument i on d.athlete_no = i.athlete_no and d.local_day = i.local_day
left join alike a
    on i.athlete_no = a.athlete_no and i.source = a.source and i.instrument = a.instrument
    and i.local_day - i.age_days = a.local_day and i.age_days <= 13
