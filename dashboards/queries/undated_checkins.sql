-- panel: check-ins of an athlete that count for no day, because nobody has said in which time zone they were made
-- $1 tenant, $2 athlete
select distinct document_id
from checkin_fact
where tenant_id = $1 and athlete_id = $2 and local_day is null
