-- panel: how many alerts there are
-- $1 tenant, $2 athlete or null, $3 state or null
select count(*)::integer as alerts
from alert
where
    tenant_id = $1
    and ($2::varchar is null or athlete_id = $2::varchar)
    and ($3::varchar is null or state = $3::varchar)
