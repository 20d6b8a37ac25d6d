-- panel: the numbers alerts rest on
-- $1 tenant, $2 athlete or null, $3 state of the alert or null
select
    e.alert_id,
    e.metric,
    e.value,
    e.threshold,
    e.comparator,
    e.window_start,
    e.window_end,
    e.n_obs,
    e.baseline
from alert_evidence as e
where
    e.tenant_id = $1
    and ($2::varchar is null or e.athlete_id = $2::varchar)
    and (
        $3::varchar is null
        or e.alert_id in (select a.alert_id from alert as a where a.tenant_id = $1 and a.state = $3::varchar)
    )
order by e.alert_id, e.metric, e.window_end, e.window_start, e.value
