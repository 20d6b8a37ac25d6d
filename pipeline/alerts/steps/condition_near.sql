-- the numbers of the conditions just found and of those stored near the touched days
-- window: 42 days for R02 (its own time limit), else from window_day on
select
    true as is_new, athlete_no, substr(rule, 2)::integer as rule, scope_key, session_key,
    coalesce(exercise_no, -1) as exercise_no, local_day - date '1970-01-01' as day, epoch_us(seen_at) as seen_us,
    level, content, coalesce(epoch_us(resolves_at), -1) as until_us,
    coalesce(resolves_on - date '1970-01-01', -1) as until_day, -1 as opened
from alert_condition
union all
select
    false as is_new, c.athlete_no, substr(c.rule, 2)::integer as rule, c.scope_key, c.session_key,
    coalesce(c.exercise_no, -1) as exercise_no, c.local_day - date '1970-01-01' as day, epoch_us(c.seen_at) as seen_us,
    c.level, c.content, coalesce(epoch_us(c.resolves_at), -1) as until_us,
    coalesce(c.resolves_on - date '1970-01-01', -1) as until_day,
    coalesce(c.opened_on - date '1970-01-01', -1) as opened
from mart.condition c
join alert_window w
    on c.athlete_no = w.athlete_no and c.local_day >= least(w.window_day, w.from_day - $r02_days::integer)
where c.rule < 'R20' and (c.rule = 'R02' or c.local_day >= w.window_day)
