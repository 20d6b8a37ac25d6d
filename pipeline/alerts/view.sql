-- alerts as readers see them: open or resolved by the athlete's own time, withdrawn from what was once sent
create or replace view alert as
with living as (
    select
        p.tenant_id, p.athlete_id, a.alert_id, a.rule, a.scope, replace(a.subject, chr(10), ', ') as subject, a.severity,
        if(coalesce(a.resolves_at <= s.newest_at, a.resolved_on <= s.today, false), 'resolved', 'open') as state,
        a.revision, f.alert_id as folded_into, a.opened_on, a.updated_on, a.resolved_on as ends_on,
        a.title, a.body, a.action, a.rule_version, a.model_version
    from mart.alert a
    join base.athlete p on a.athlete_no = p.athlete_no
    left join base.athlete_span s on a.athlete_no = s.athlete_no
    left join (                     -- several signs told as one: the alert that weighs them speaks for each
        select b.alert_id as part_id, min(w.alert_id) as alert_id
        from mart.alert w
        join mart.alert b
            on w.athlete_no = b.athlete_no and b.opened_on <= coalesce(w.resolved_on - 1, date '9999-12-31')
            and coalesce(b.resolved_on - 1, date '9999-12-31') >= w.opened_on
        where w.rule = 'R17' and b.rule in ('R10', 'R11', 'R12', 'R13', 'R14', 'R15') or w.rule = 'R18' and b.rule = 'R17'
        group by all
    ) f on a.alert_id = f.part_id
)
select
    tenant_id, athlete_id, alert_id, rule, scope, subject, severity, state, revision, folded_into, null::varchar as replaced_by,
    opened_on, updated_on, if(state = 'resolved', ends_on, null) as resolved_on,
    title, body, action, rule_version, model_version
from living
union all
select
    t.tenant_id, t.athlete_id, t.alert_id, t.payload ->> '$.rule', t.payload ->> '$.scope', null, t.payload ->> '$.severity',
    'withdrawn', t.revision, t.payload ->> '$.folded_into', t.payload ->> '$.replaced_by',
    (t.payload ->> '$.opened_on')::date, (t.payload ->> '$.updated_on')::date, (t.payload ->> '$.resolved_on')::date,
    t.payload ->> '$.title', t.payload ->> '$.body', t.payload ->> '$.action',
    t.payload ->> '$.rule_version', t.payload ->> '$.model_version'
from base.alert_sent t
anti join mart.alert a on t.alert_id = a.alert_id
where t.state = 'withdrawn' and t.alert_id in (select alert_id from base.alert_delivered);

-- the evidence rows of living alerts
create or replace view alert_evidence as
select
    p.tenant_id, p.athlete_id, e.alert_id, e.metric, e.value, e.threshold, e.comparator,
    e.window_start, e.window_end, e.n_obs, e.baseline
from mart.alert_evidence e
join base.athlete p on e.athlete_no = p.athlete_no;
