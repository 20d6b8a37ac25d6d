-- stored alerts of the day rules that are open, or whose cool-down reaches into the touched days, each with the level
-- it had before them
select
    a.alert_id, a.athlete_no, substr(a.rule, 2)::integer + if(a.rule >= 'X', 100, 0) as rule,   -- X01 is 101
    a.scope_key, a.opened_on - date '1970-01-01' as opened,
    a.updated_on - date '1970-01-01' as updated,
    coalesce(a.resolved_on - date '1970-01-01', $never::integer) as until_day,
    -1 as until_us, a.content, a.context, a.is_resolved,
    coalesce(max(c.local_day) - date '1970-01-01', -1) as said_day,
    coalesce(arg_max(c.level, c.local_day), 0) as said_level,
    coalesce(arg_max(c.content, c.local_day), 0)::ubigint as said_content
from mart.alert a
join touched_day_lane t
    on a.athlete_no = t.athlete_no and (a.resolved_on is null or a.resolved_on >= t.from_day - $cool_days::integer)
left join mart.condition c
    on a.athlete_no = c.athlete_no and a.scope_key = c.scope_key and a.opened_on = c.opened_on
    and c.local_day < t.from_day and c.local_day >= $first_day and c.local_day <= $last_day
where (a.resolved_on is null or a.resolved_on >= $since) and list_contains($rules::varchar[], a.rule)
group by all
order by a.athlete_no, a.scope_key, opened
