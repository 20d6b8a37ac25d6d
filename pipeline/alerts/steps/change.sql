-- the words of alerts that are new or changed: from the condition each speaks of
select
    c.athlete_no, c.rule, c.scope, coalesce(c.anchor, x.opened_on::varchar) as anchor, c.level, c.subject, c.found,
    x.opened_on, c.local_day as updated_on, x.resolved_on, c.resolves_at, c.scope_key, c.content,
    p.tenant_id, p.athlete_id, x.is_resolved, x.opened_before, x.is_proven, x.context, x.context_code
from mart.condition c
join alert_change x on c.scope_key = x.scope_key and c.session_key = x.session_key and c.local_day = x.local_day
join base.athlete p on c.athlete_no = p.athlete_no
order by p.tenant_id, p.athlete_id, x.opened_on, c.rule, c.scope, anchor
