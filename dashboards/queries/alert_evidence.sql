-- panel: the numbers alerts rest on
-- $1 tenant, $2 ids of alerts
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
    and e.alert_id in (select unnest($2::varchar []))
order by e.alert_id, e.metric, e.window_end, e.window_start, e.value
