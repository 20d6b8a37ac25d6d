-- whether any touched athlete has a plan
select 1
from base.event_log l
join touched_alert t on l.athlete_no = t.athlete_no
where l.kind = 'plan'
limit 1
