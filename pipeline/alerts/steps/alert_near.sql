-- alerts as stored that may change: what ended before window_day is final
select
    a.alert_id, a.athlete_no, substr(a.rule, 2)::integer as rule, a.scope_key, a.opened_on - date '1970-01-01' as opened,
    a.updated_on - date '1970-01-01' as updated, a.resolved_on - date '1970-01-01' as until_day,
    coalesce(epoch_us(a.resolves_at), -1) as until_us, a.content, a.context, a.is_resolved
from mart.alert a
join alert_window w on a.athlete_no = w.athlete_no and a.resolved_on >= w.window_day
where a.rule < 'R20'
