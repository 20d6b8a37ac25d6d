-- stored alerts of R21 that are open, or whose cool-down reaches into the touched days
select
    a.alert_id, a.athlete_no, substr(a.rule, 2)::integer as rule, a.scope_key, a.opened_on - date '1970-01-01' as opened,
    a.updated_on - date '1970-01-01' as updated,
    coalesce(a.resolved_on - date '1970-01-01', $never::integer) as until_day,
    -1 as until_us, a.content, a.context, a.is_resolved,
    list_position(
        ['body:unknown_effort', 'body:effort_conflict', 'body:gap', 'body:device_change', 'body:straight_line'], a.scope
    ) - 1 as part
from mart.alert a
join touched_day_lane t
    on a.athlete_no = t.athlete_no and (a.resolved_on is null or a.resolved_on >= t.from_day - $quality_days::integer)
where a.rule = 'R21'
