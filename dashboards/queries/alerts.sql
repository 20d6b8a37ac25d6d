-- panel: alerts, newest first
-- $1 tenant, $2 athlete or null, $3 state or null, $4 rows at most
select
    alert_id,
    athlete_id,
    rule,
    scope,
    severity,
    state,
    revision,
    opened_on,
    updated_on,
    resolved_on,
    title,
    body,
    action,
    folded_into,
    replaced_by,
    rule_version,
    model_version
from alert
where
    tenant_id = $1
    and ($2::varchar is null or athlete_id = $2::varchar)
    and ($3::varchar is null or state = $3::varchar)
order by updated_on desc, opened_on desc, athlete_id, rule, scope, alert_id
limit $4::bigint
