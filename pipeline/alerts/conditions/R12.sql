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
restless as (                       -- of the last 7 nights; without an own usual the share that was slept alone
    select d.athlete_no, d.local_day, any_value(w.n_28d) >= $r12_baseline::integer as is_usual, count(*) as nights,
        count(*) filter (e.value < $r12_efficiency::double) as low,
        count(*) filter (
            e.value < $r12_efficiency::double and e.value <= w.median_28d - $r12_efficiency_below::double
        ) as restless, any_value(w.median_28d) as usual
    from day d
    join mart.signal_window w
        on d.athlete_no = w.athlete_no and d.local_day = w.local_day and d.sleep_source = w.source
        and w.signal = 'sleep_efficiency' and w.local_day >= $first_day
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
        d.sleep_n_7d, if(r.is_usual, r.restless, null) as restless, if(r.is_usual, r.nights, null) as nights,
        if(r.is_usual, r.usual, null) as usual, r.low,
        if(d.wellness_age_days <= 7 and d.wellness_n_7d >= $r12_recent::integer, d.sleep_quality_z, null) as quality_z,
        d.wellness_n_7d, d.sleep_midpoint_sd_min, d.sleep_midpoint_n_14d, u.usual_sd_min, u.sd_days,
        d.sleep_age_days, d.wellness_age_days, d.wellness_n_28d, d.wellness_source, d.wellness_instrument,
        coalesce(d.wellness_same_answers >= $r21_same_answers::integer, false) as is_alike
    from day d
    left join usual_clock u on d.athlete_no = u.athlete_no and d.local_day = u.local_day
    left join restless r on d.athlete_no = r.athlete_no and d.local_day = r.local_day
),
flagged as (
    select j.*,
        coalesce(week_min <= usual_min - $r12_short_by_min::double or week_min < $r12_short_min::double, false)::integer
            as is_short,
        coalesce(
            sd_days >= $r12_baseline::integer
            and sleep_midpoint_sd_min >= $r12_clock_factor::double * greatest(usual_sd_min, 0.001), false
        )::integer as is_irregular,
        coalesce(restless >= $r12_restless_nights::integer, false)::integer as is_restless,
        coalesce(quality_z <= $r12_quality_z::double, false)::integer as is_poor,
        -- nights that are there and none of the signs, where a new device has no usual yet by fixed limits
        coalesce(
            week_min >= coalesce(usual_min - $r12_short_by_min::double, $r12_rested_min::double)
            and coalesce(restless, low, 0) < $r12_restless_nights::integer
            and (coalesce(sleep_midpoint_sd_min, 0) < $r12_clock_sd_min::double or sd_days >= $r12_baseline::integer),
            false
        ) as is_rested,
        coalesce(sleep_age_days > 28, true) as is_gone,             -- nothing is left to speak of
        case
            when q.age_days is null or q.age_days > 28 then true     -- nobody asks, or nobody answers any more
            when quality_z is not null then true
            when q.n_7d >= $r12_recent::integer then q.mean_7d >= 0.5
            else q.n_28d < 10
        end as is_answered
    from judged j
    left join mart.signal_window q
        on j.athlete_no = q.athlete_no and j.local_day = q.local_day and j.wellness_source = q.source
        and q.signal = j.wellness_instrument || if(j.wellness_instrument = 'hooper', '_sleep', '_sleep_quality')
        and q.signal in ('hooper_sleep', 'mclean_sleep_quality', 'plain_sleep_quality') and q.local_day >= $first_day
),
counted as (
    select *,
        max(is_short + is_restless + is_poor + is_irregular) over last_3 = 0
            and (bool_and((is_rested or is_gone) and is_answered) over last_3 or is_gone and is_answered) as is_over
    from flagged
    window last_3 as (
        partition by athlete_no order by local_day range between interval 2 day preceding and current row
    )
)
select
    athlete_no, 'body' as scope, '' as subject, local_day,
    is_over as closes,
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
