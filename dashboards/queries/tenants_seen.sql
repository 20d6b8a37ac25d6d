-- panel: tenants with data in the shard
select distinct tenant_id
from athlete_day
order by tenant_id
