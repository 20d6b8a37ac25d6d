-- panel: which of these documents an athlete has
-- $1 tenant, $2 athlete, $3 source, $4 documents (list)
select d.document_id
from base.document as d
inner join base.athlete as a on a.athlete_no = d.athlete_no
where
    a.tenant_id = $1
    and a.athlete_id = $2
    and d.source = $3
    and d.alive
    and d.document_id in (select unnest($4::varchar[]))
