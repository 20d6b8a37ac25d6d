-- rule: R15 resting heart rate raised
-- unit: bpm, multiples of the baseline's spread, days
-- window: the last 7 days against days 8 to 35, on three days in a row
-- needs: recovery
-- source: domain.md M27, 4.2
with judged as (
    select d.athlete_no, d.local_day, d.resting_hr_n_7d, d.resting_hr_n_28d, d.resting_hr_deviation_bpm, d.resting_hr_z,
        d.resting_hr_median_28d_bpm, d.resting_hr_age_days, t.from_day,
        coalesce(
            d.resting_hr_age_days <= 3 and d.resting_hr_n_7d >= $r15_recent::integer
            and d.resting_hr_n_28d >= $r15_baseline::integer
            and (d.resting_hr_deviation_bpm >= $r15_rise_bpm::double
                or d.resting_hr_deviation_bpm >= $r15_small_rise_bpm::double and d.resting_hr_z >= $r15_small_rise_z::double),
            false
        ) as elevated
    from mart.recovery_day d
    join touched_rule_day t on d.athlete_no = t.athlete_no and d.local_day >= t.from_day - 27
    where d.local_day >= $first_day::date - 27
),
counted as (
    select *,
        local_day - max(if(elevated, null, local_day)) over (
            partition by athlete_no order by local_day rows unbounded preceding
        ) as since_other,
        local_day - min(local_day) over (partition by athlete_no order by local_day rows unbounded preceding) + 1 as seen
    from judged
)
select
    athlete_no, 'body' as scope, '' as subject, local_day,
    coalesce(
        resting_hr_age_days <= 3 and resting_hr_n_7d >= $r15_recent::integer
        and resting_hr_n_28d >= $r15_baseline::integer and resting_hr_deviation_bpm < $r15_close_bpm::double, false
    ) or coalesce(resting_hr_age_days > 28, true) as closes,
    [
        least(coalesce(since_other, seen), 28), resting_hr_n_7d, null,
        resting_hr_deviation_bpm, resting_hr_n_7d, resting_hr_median_28d_bpm,
        0
    ]::double[] as found
from counted
where local_day >= from_day
