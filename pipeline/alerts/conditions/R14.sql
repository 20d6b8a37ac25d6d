-- rule: R14 HRV outside its usual range
-- unit: days
-- window: the last 7 evaluation days; each judges 7 days against days 8 to 67
-- needs: recovery
-- source: domain.md M29, 4.2 (Plews 2014: half a standard deviation; the direction says nothing alone)
with judged as (
    select d.athlete_no, d.local_day, d.hrv_n_7d, d.hrv_n_60d, d.hrv_age_days, exp(d.ln_hrv_7d) as week_ms,
        exp(d.ln_hrv_mean_60d) as usual_ms, (d.ln_hrv_7d - d.ln_hrv_mean_60d) / nullif(d.ln_hrv_sd_60d, 0) as z,
        d.hrv_age_days <= 3 and d.hrv_n_7d >= $r14_recent::integer and d.hrv_n_60d >= $r14_baseline::integer
            and abs(d.ln_hrv_7d - d.ln_hrv_mean_60d) > $r14_band_sd::double * d.ln_hrv_sd_60d as outside,
        d.hrv_age_days <= 3 and d.hrv_n_7d >= $r14_recent::integer and d.hrv_n_60d >= $r14_baseline::integer
            and abs(d.ln_hrv_7d - d.ln_hrv_mean_60d) <= $r14_band_sd::double * d.ln_hrv_sd_60d as inside,
        t.from_day
    from mart.recovery_day d
    join touched_rule_day t on d.athlete_no = t.athlete_no and d.local_day >= t.from_day - 6
    where d.local_day >= $first_day::date - 6
),
counted as (
    select *,
        count(*) filter (outside) over (
            partition by athlete_no order by local_day range between interval 6 day preceding and current row
        ) as outside_7d,
        count(*) filter (inside) over (
            partition by athlete_no order by local_day range between interval 2 day preceding and current row
        ) as inside_3d
    from judged
)
select
    athlete_no, 'body' as scope, '' as subject, local_day,
    inside_3d >= $r14_close_days::integer or coalesce(hrv_age_days > 28, true) as closes,
    [
        if(outside, outside_7d, null), 7, null,
        if(hrv_n_7d >= $r14_recent::integer, week_ms, null), hrv_n_7d, usual_ms,
        0
    ]::double[] as found
from counted
where local_day >= from_day
