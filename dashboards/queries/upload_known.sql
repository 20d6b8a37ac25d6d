-- panel: whether an upload of the tenant is in the tables
-- $1 tenant, $2 upload id
select 1 as known
from base.upload
where
    tenant_id = $1
    and upload_id = $2
limit 1
