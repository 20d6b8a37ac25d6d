-- the last condition of each key before the days that are folded again: all the state a fold needs
-- window: R02 42 days (its own time limit); R06 6 days (72 h of rest and 48 h of cool-down)
create or replace temp table alert_fold as
with near as materialized (
    select c.*
    from mart.condition c
    join touched_alert t on c.athlete_no = t.athlete_no and c.local_day >= t.from_day - $r02_days::integer
    where c.opened_on is not null and (
        (c.rule = 'R02' and c.local_day < t.from_day)
        or (c.rule = 'R06' and c.seen_at < t.from_day - interval 1 day and c.seen_at >= t.from_day - interval 7 day)
    )
)
select true as is_state, n.*
from near n
qualify row_number() over (partition by athlete_no, scope order by local_day desc, seen_at desc, session_key desc) = 1
union all by name
select false as is_state, c.*, null::date as opened_on
from alert_condition c
where rule in ('R02', 'R06')
