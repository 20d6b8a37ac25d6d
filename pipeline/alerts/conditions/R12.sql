-- rule: R12 sleep trouble
-- unit: min, nights, multiples of the baseline's spread
-- window: the last 7 days against days 8 to 35
-- needs: recovery
-- one level lower: where it takes answers that never vary (M30, DEGRADED)
-- source: domain.md M22, M30, 4.2, 4.6; 7 to 9 h recommended for adults (Hirshkowitz 2015)
with day as materialized (
    select d.*
    from mart.recovery_day d
    join touched_rule_day t on d.athlete_no = t.athlete_no and d.local_day >= t.from_day and d.local_day >= $first_day
),
restless as (
    select d.athlete_no, d.local_day, count(*) as nights, count(*) filter (
            e.value < $r12_efficiency::double and e.value <= w.median_28d - $r12_efficiency_below::double
        ) as restless, any_value(w.median_28d) as usual
    from day d
    join mart.signal_window w
        on d.athlete_no = w.athlete_no and d.local_day = w.local_day and d.sleep_source = w.source
        and w.signal = 'sleep_efficiency' and w.n_28d >= $r12_baseline::integer and w.local_day >= $first_day
    join mart.signal_day e
        on d.athlete_no = e.athlete_no and d.sleep_source = e.source and e.signal = 'sleep_efficiency'
        and e.local_day > d.local_day - 7 and e.local_day <= d.local_day and e.local_day >= $first_day::date - 7
    group by all
),
usual_clock as (                    -- the athlete's own regularity, of days 8 to 35
    select d.athlete_no, d.local_day, median(w.clock_sd_14d_min) as usual_sd_min, count(w.clock_sd_14d_min) as sd_days
    from day d
    join mart.signal_window w
        on d.athlete_no = w.athlete_no and d.sleep_source = w.source and w.signal = 'sleep_midpoint_min'
        and w.local_day >= d.local_day - 34 and w.local_day <= d.local_day - 7 and w.local_day >= $first_day::date - 34
    where d.sleep_midpoint_sd_min >= $r12_clock_sd_min::double
    group by all
),
judged as (
    select d.athlete_no, d.local_day,
        if(d.sleep_age_days <= 3 and d.sleep_n_7d >= $r12_recent::integer, d.sleep_7d_min, null) as week_min,
        if(d.sleep_n_28d >= $r12_baseline::integer, d.sleep_median_28d_min, null) as usual_min,
        d.sleep_n_7d, r.restless, r.nights, r.usual,
        if(d.wellness_age_days <= 7 and d.wellness_n_7d >= $r12_recent::integer, d.sleep_quality_z, null) as quality_z,
        d.wellness_n_7d, d.sleep_midpoint_sd_min, d.sleep_midpoint_n_14d, u.usual_sd_min, u.sd_days,
        d.sleep_age_days, d.wellness_age_days, d.wellness_n_28d,
        coalesce(d.wellness_same_answers >= $r21_same_answers::integer, false) as is_alike
    from day d
    left join usual_clock u on d.athlete_no = u.athlete_no and d.local_day = u.local_day
    left join restless r on d.athlete_no = r.athlete_no and d.local_day = r.local_day
),
flagged as (
    select *,
        coalesce(week_min <= usual_min - $r12_short_by_min::double or week_min < $r12_short_min::double, false)::integer
            as is_short,
        coalesce(
            sd_days >= $r12_baseline::integer
            and sleep_midpoint_sd_min >= $r12_clock_factor::double * greatest(usual_sd_min, 0.001), false
        )::integer as is_irregular,
        coalesce(restless >= $r12_restless_nights::integer, false)::integer as is_restless,
        coalesce(quality_z <= $r12_quality_z::double, false)::integer as is_poor
    from judged
),
counted as (
    select *,
        max(is_short + is_restless + is_poor + is_irregular) over (
            partition by athlete_no order by local_day range between interval 2 day preceding and current row
        ) as most_3d
    from flagged
)
select
    athlete_no, 'body' as scope, '' as subject, local_day,
    -- a night or an answer that is missing is no good one; without any for 4 weeks nothing is left to speak of
    most_3d = 0 and (week_min is not null or coalesce(sleep_age_days > 28, true)) and (
        quality_z is not null or coalesce(wellness_n_28d < 10 or wellness_age_days > 28, true)
    ) as closes,
    [
        if(week_min is null, null, is_short), sleep_n_7d, null,
        week_min, sleep_n_7d, usual_min,
        restless, nights, 100 * usual,
        quality_z, wellness_n_7d, null,
        is_irregular, sleep_midpoint_n_14d, usual_sd_min,
        if(is_irregular = 1, sleep_midpoint_sd_min, null), sleep_midpoint_n_14d, usual_sd_min,
        (is_alike and is_short + is_restless + is_irregular < 2)::integer
    ]::double[] as found
from counted
