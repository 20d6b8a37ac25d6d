-- alerts that were handed over and exist no longer, with the first alert of the same key whose days overlap
with lost as materialized (
    select
        s.tenant_id, s.athlete_id, s.alert_id, s.revision, s.payload,
        s.payload ->> '$.rule' as rule, s.payload ->> '$.scope' as scope,
        (s.payload ->> '$.opened_on')::date as opened_on,
        coalesce((s.payload ->> '$.ends_on')::date, date '9999-12-31') as ends_on
    from base.alert_sent s
    anti join mart.alert a on s.alert_id = a.alert_id
    where s.state <> 'withdrawn'
)
select
    l.tenant_id, l.athlete_id, l.alert_id, l.revision, any_value(l.payload) as payload,
    arg_min(a.alert_id, (a.opened_on, a.alert_id)) as replaced_by
from lost l
left join (
    select p.tenant_id, p.athlete_id, a.alert_id, a.rule, a.scope, a.opened_on, a.resolved_on
    from mart.alert a
    join base.athlete p on a.athlete_no = p.athlete_no
) a
    on l.tenant_id = a.tenant_id and l.athlete_id = a.athlete_id and l.rule = a.rule and l.scope = a.scope
    and a.opened_on <= l.ends_on and coalesce(a.resolved_on, date '9999-12-31') >= l.opened_on
group by l.tenant_id, l.athlete_id, l.alert_id, l.revision
order by l.tenant_id, l.athlete_id, l.alert_id
