-- panel: the clock of each tenant that has one, in UTC; without one athletes are judged as of their last day with data
select
    tenant_id,
    now_at
from base.clock
order by tenant_id
