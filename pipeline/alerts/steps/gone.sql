select a.alert_id, a.opened_on, p.tenant_id, p.athlete_id, a.rule, a.scope
from mart.alert a
join alert_gone g on a.scope_key = g.scope_key and a.alert_id = g.alert_id
join base.athlete p on a.athlete_no = p.athlete_no
