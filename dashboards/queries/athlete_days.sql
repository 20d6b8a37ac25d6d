-- panel: days of one athlete, oldest first
-- $1 tenant, $2 athlete, $3 first day or null, $4 last day or null, $5 newest days at most
select * exclude (tenant_id, athlete_id)
from (
    select *
    from athlete_day
    where
        tenant_id = $1
        and athlete_id = $2
        and ($3::date is null or local_day >= $3::date)
        and ($4::date is null or local_day <= $4::date)
    order by local_day desc
    limit $5::bigint
)
order by local_day
