insert into mart.condition by name
select c.*, k.opened_on
from alert_condition c
join alert_keep k on c.scope_key = k.scope_key and c.session_key = k.session_key
