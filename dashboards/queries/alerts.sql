-- panel: alerts, newest first; of open ones the most severe first
-- $1 tenant, $2 athlete or null, $3 state or null, $4 rows at most
-- part_of_rule, part_of_title: of the alert that speaks for this one; of an open one only while that is open too
with chosen as (
    select *
    from alert
    where
        tenant_id = $1
        and ($2::varchar is null or athlete_id = $2::varchar)
        and ($3::varchar is null or state = $3::varchar)
    order by
        case when $3::varchar = 'open' then list_position(['high', 'warning', 'advice', 'info'], severity) end,
        updated_on desc, opened_on desc, athlete_id, rule, scope, alert_id
    limit $4::bigint
),
titled as (
    select
        c.alert_id,
        any_value(s.title order by s.source) as session_title
    from chosen as c
    inner join session_load as s
        on
            s.tenant_id = $1
            and s.athlete_id = c.athlete_id
            and s.local_day = c.updated_on
            and c.scope = 'session:' || s.session_id
    where s.title is not null
    group by c.alert_id
)
select
    c.alert_id,
    c.athlete_id,
    c.rule,
    c.scope,
    c.subject,
    t.session_title,
    c.severity,
    c.state,
    c.revision,
    c.opened_on,
    c.updated_on,
    c.resolved_on,
    c.title,
    c.body,
    c.action,
    c.folded_into,
    w.rule as part_of_rule,
    w.title as part_of_title,
    c.replaced_by,
    c.rule_version,
    c.model_version
from chosen as c
left join titled as t on t.alert_id = c.alert_id
left join alert as w
    on
        w.tenant_id = $1
        and w.rule in ('R17', 'R18')
        and w.alert_id = c.folded_into
        and (w.state = 'open' or c.state <> 'open')
order by
    case when $3::varchar = 'open' then list_position(['high', 'warning', 'advice', 'info'], c.severity) end,
    c.updated_on desc, c.opened_on desc, c.athlete_id, c.rule, c.scope, c.alert_id
