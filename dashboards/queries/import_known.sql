-- panel: whether an import of the tenant is in the tables and not taken back
-- $1 tenant, $2 import id
select 1 as known
from base.upload
where
    tenant_id = $1
    and import_id = $2
having
    count(*) > 0
    and not bool_or(coalesce(withdrawn, false))
