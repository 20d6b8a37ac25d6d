-- panel: what could not be taken, newest first
-- $1 tenant, $2 upload id or null, $3 item index or null, $4 rows at most
select received_at, athlete_id, source, upload_id, item_index, reason, field, message, excerpt
from rejected
where
    tenant_id = $1
    and ($2::varchar is null or upload_id = $2::varchar)
    and ($3::bigint is null or item_index = $3::bigint)
order by received_at desc, upload_id, item_index, field
limit $4::bigint
