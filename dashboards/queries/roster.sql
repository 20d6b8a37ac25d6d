-- panel: roster, one row per athlete, those who need attention first
-- $1 tenant, $2 athlete or null
-- unit: failure load in failure-equivalent sets (FES, M11), a lower bound while effort is unknown; shares 0..1
-- headline: the gravest alert; of equal ones first those that weigh several signs (R18, then R17), then built-in rules,
-- then the gym's own (X01 to X99), and among these the newest
-- today: the day an athlete is judged on: the gym's clock, or the last day with data; null while no zone is known
-- high, warning, advice, info: open alerts that stand for themselves; parts: open ones for which one of these speaks
-- night: the recovery data of today, for those who had any in 28 days (none: not measured): missing, or stale after more
-- than 3 days; off where one of it is off the athlete's own usual (a night 45 min short, resting heart rate raised, HRV
-- outside its range), usual where nothing is, new before there is a usual
-- attention: act (open warning or high), watch (open advice), unknown (no sets in the last 7 days, or effort unknown
-- for more than half of them, or no zone for times in Z, or an open finding about the data itself: doubt, or
-- last night's data missing or stale), ready (evidence, and nothing open above info)
with today as (
    select athlete_id, max(local_day) as today
    from athlete_day
    where
        tenant_id = $1
        and ($2::varchar is null or athlete_id = $2::varchar)
    group by athlete_id
),
week as (
    select
        d.athlete_id,
        any_value(t.today) as today,
        sum(d.sets)::integer as sets_7d,
        sum(d.failure_sets)::integer as failure_sets_7d,
        sum(d.failure_load) as failure_load_7d,
        sum(d.unknown_effort_share * d.sets) / nullif(sum(d.sets), 0) as unknown_share_7d
    from athlete_day as d
    inner join today as t on t.athlete_id = d.athlete_id
    where
        d.tenant_id = $1
        and d.local_day > t.today - 7
    group by d.athlete_id
),
last_session as (
    select athlete_id, max(local_day) as last_session_on
    from athlete_day
    where
        tenant_id = $1
        and sets > 0
    group by athlete_id
),
standing as materialized (
    select athlete_id, alert_id, rule, severity, title, folded_into, updated_on
    from alert
    where
        tenant_id = $1
        and state = 'open'
),
open_alert as (
    select
        athlete_id,
        count(*) filter (where severity = 'high' and not is_part)::integer as high,
        count(*) filter (where severity = 'warning' and not is_part)::integer as warning,
        count(*) filter (where severity = 'advice' and not is_part)::integer as advice,
        count(*) filter (where severity = 'info' and not is_part)::integer as info,
        count(*) filter (where is_part)::integer as parts,
        arg_max(title, (severity_rank, rule_rank, updated_on, alert_id)) filter (where not is_part) as headline,
        arg_max(rule, (severity_rank, rule_rank, updated_on, alert_id)) filter (where not is_part) as headline_rule,
        arg_max(title, (updated_on, alert_id)) filter (where rule = 'R21') as doubt
    from (
        select
            *,
            -- nobody speaks any more for one that outlasts the alert it was part of
            folded_into is not null and folded_into in (select alert_id from standing) as is_part,
            case severity when 'high' then 3 when 'warning' then 2 when 'advice' then 1 else 0 end as severity_rank,
            case when rule = 'R18' then 3 when rule = 'R17' then 2 when rule like 'X%' then 0 else 1 end as rule_rank
        from standing
    )
    group by athlete_id
),
signal as (
    select
        r.athlete_id,
        r.sleep_minutes,
        r.sleep_median_28d_min,
        r.sleep_age_days,
        r.resting_hr_deviation_bpm,
        r.resting_hr_age_days,
        r.hrv_state,
        r.hrv_age_days,
        coalesce(r.sleep_age_days, least(r.resting_hr_age_days, r.hrv_age_days)) as night_age_days,
        r.sleep_n_28d >= 14 and r.sleep_minutes <= r.sleep_median_28d_min - 45 as night_is_short,
        r.resting_hr_deviation_bpm >= 5 or (r.resting_hr_deviation_bpm >= 3 and r.resting_hr_z >= 2) as resting_hr_is_raised,
        r.sleep_n_28d >= 14 or r.resting_hr_deviation_bpm is not null or r.hrv_state is not null as has_usual
    from recovery_day as r
    inner join today as t on r.athlete_id = t.athlete_id and r.local_day = t.today
    where r.tenant_id = $1
),
night as (
    select
        *,
        case
            when night_age_days is null then 'none'
            when night_age_days > 3 then 'stale'
            when night_age_days > 0 then 'missing'
            when coalesce(night_is_short, false) or coalesce(resting_hr_is_raised, false)
                or coalesce(hrv_state <> 'WITHIN', false) then 'off'
            when has_usual then 'usual'
            else 'new'
        end as night
    from signal
),
-- times in Z belong to no day until a zone is known
waiting as (
    select athlete_id, count(*)::integer as sets_without_day
    from set_fact
    where
        tenant_id = $1
        and local_day is null
        and ($2::varchar is null or athlete_id = $2::varchar)
    group by athlete_id
),
joined as (
    select
        coalesce(w.athlete_id, z.athlete_id) as athlete_id,
        w.today,
        coalesce(a.high, 0) as high,
        coalesce(a.warning, 0) as warning,
        coalesce(a.advice, 0) as advice,
        coalesce(a.info, 0) as info,
        coalesce(a.parts, 0) as parts,
        a.headline,
        a.headline_rule,
        a.doubt,
        coalesce(w.sets_7d, 0) as sets_7d,
        coalesce(w.failure_sets_7d, 0) as failure_sets_7d,
        w.failure_load_7d,
        w.unknown_share_7d,
        coalesce(z.sets_without_day, 0) as sets_without_day,
        s.last_session_on,
        w.today - s.last_session_on as days_since_session,
        coalesce(n.night, 'none') as night,
        n.night_age_days,
        n.sleep_minutes,
        n.sleep_median_28d_min,
        n.sleep_age_days,
        coalesce(n.night_is_short, false) as night_is_short,
        n.resting_hr_deviation_bpm,
        n.resting_hr_age_days,
        coalesce(n.resting_hr_is_raised, false) as resting_hr_is_raised,
        n.hrv_state,
        n.hrv_age_days
    from week as w
    full join waiting as z on z.athlete_id = w.athlete_id
    left join open_alert as a on a.athlete_id = w.athlete_id
    left join last_session as s on s.athlete_id = w.athlete_id
    left join night as n on n.athlete_id = w.athlete_id
)
select
    *,
    case
        when high + warning > 0 then 'act'
        when advice > 0 then 'watch'
        when sets_7d = 0 or unknown_share_7d is null or unknown_share_7d > 0.5 or doubt is not null or night in ('missing', 'stale')
            then 'unknown'
        else 'ready'
    end as attention
from joined
order by
    case attention when 'act' then 0 when 'watch' then 1 when 'unknown' then 2 else 3 end,
    high desc,
    warning desc,
    advice desc,
    athlete_id
