-- panel: what became of the items of an upload; an item that is not listed was replaced by a newer version
-- $1 tenant, $2 upload id
select
    item_index as "index",
    'rejected' as status,
    reason,
    field
from rejected
where
    tenant_id = $1
    and upload_id = $2
union all
select
    d.item_index,
    case when d.alive then 'current' else 'deleted' end,
    null,
    null
from base.document as d
inner join base.athlete as a on a.athlete_no = d.athlete_no
where
    a.tenant_id = $1
    and d.upload_id = $2
order by "index", status, field
