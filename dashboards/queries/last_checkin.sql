-- panel: the newest check-in of an athlete, one row per answer: items first, then soreness, then pain
-- $1 tenant, $2 athlete
-- local_day is null while nobody has said in which time zone it was made
select checked_at, local_day, instrument, part, item, answer, source
from checkin_fact
where
    tenant_id = $1
    and athlete_id = $2
    and checked_at is not null
qualify rank() over (order by checked_at desc, source, document_id) = 1
order by
    case part when 'items' then 0 when 'soreness' then 1 else 2 end,
    item
