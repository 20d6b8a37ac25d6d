-- how far back other conditions of the same scopes lie: two sources may use one session id
select c.athlete_no, min(c.local_day) - date '1970-01-01' as day
from mart.condition c
join alert_scope k on c.scope_key = k.scope_key
group by c.athlete_no
