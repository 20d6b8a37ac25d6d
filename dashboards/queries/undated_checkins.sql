-- panel: check-ins of an athlete that count for no day, because nobody has said in which time zone they were made
-- $1 tenant, $2 athlete, $3 document or null
select count(distinct document_id) as checkins
from checkin_fact
where tenant_id = $1 and athlete_id = $2 and ($3::varchar is null or document_id = $3::varchar) and local_day is null
having count(*) > 0
