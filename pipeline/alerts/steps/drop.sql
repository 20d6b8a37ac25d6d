delete from mart.condition c
using alert_drop d
where c.scope_key = d.scope_key and c.session_key = d.session_key and c.local_day = d.local_day
