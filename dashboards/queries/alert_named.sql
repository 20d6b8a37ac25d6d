-- panel: alerts whose id begins so
-- $1 tenant, $2 beginning of an id
select alert_id, athlete_id, title
from alert
where
    tenant_id = $1
    and starts_with(alert_id, $2)
order by alert_id
limit 2
