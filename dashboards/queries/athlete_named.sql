-- panel: whether anything that was sent names this athlete
-- $1 tenant, $2 athlete
select 1 as named
from base.athlete as a
where
    a.tenant_id = $1
    and a.athlete_id = $2
    and exists (select 1 from base.document as d where d.athlete_no = a.athlete_no and d.alive)
