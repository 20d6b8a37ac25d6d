-- alerts of one session, and the day each ends: 7 days on, or the next session that does not meet the condition
-- window: conditions of the 7 days before the touched day and later, and whatever shares a scope with them
-- (two sources may use one session id: then the worst finding stands); only alerts that end on the day or later
with scope_key as materialized (
    select c.scope_key
    from mart.condition c
    join touched_alert t on c.athlete_no = t.athlete_no and c.local_day >= t.from_day - $session_days::integer
    where c.rule in ('R01', 'R03', 'R04', 'R05', 'R19')
    union
    select scope_key from alert_gone
),
first_day as materialized (
    select c.athlete_no, min(c.local_day) as from_day
    from mart.condition c
    join scope_key k on c.scope_key = k.scope_key
    group by all
),
candidate as materialized (
    select c.*
    from mart.condition c
    join first_day d on c.athlete_no = d.athlete_no and c.local_day >= d.from_day
    where c.rule in ('R01', 'R03', 'R04', 'R05', 'R19')
),
pool as materialized (
    select e.athlete_no, e.exercise_no, e.session_key, e.local_day, e.start_at
    from mart.exercise_session e
    join first_day d on e.athlete_no = d.athlete_no and e.local_day >= d.from_day
    where e.sets > 0
),
session as materialized (
    select p.athlete_no, p.session_key, p.local_day, p.start_at
    from pool p
    group by all
),
clean as (
    select c.rule, c.athlete_no, c.session_key, c.exercise_no, min(p.local_day) as clean_day
    from pool p
    join candidate c on p.athlete_no = c.athlete_no and p.exercise_no = c.exercise_no and p.local_day >= c.local_day
    anti join candidate m
        on p.athlete_no = m.athlete_no and p.exercise_no = m.exercise_no and p.session_key = m.session_key and c.rule = m.rule
    where (p.local_day, p.start_at, p.session_key) > (c.local_day, c.seen_at, c.session_key)
    group by all
    union all
    select c.rule, c.athlete_no, c.session_key, c.exercise_no, min(p.local_day) as clean_day
    from session p
    join candidate c on p.athlete_no = c.athlete_no and p.local_day >= c.local_day
    anti join candidate m on p.athlete_no = m.athlete_no and p.session_key = m.session_key and c.rule = m.rule
    anti join alert_running r on p.athlete_no = r.athlete_no and p.session_key = r.session_key and c.rule = 'R19'
    where c.exercise_no is null and (p.local_day, p.start_at, p.session_key) > (c.local_day, c.seen_at, c.session_key)
    group by all
),
ending as (
    select
        c.athlete_no, c.rule, c.scope, c.anchor, c.local_day, c.level, c.evidence, c.subject, c.scope_key,
        least(c.local_day + $session_days::integer, n.clean_day) as resolves_on
    from candidate c
    left join clean n
        on c.athlete_no = n.athlete_no and c.session_key = n.session_key and c.rule = n.rule
        and c.exercise_no is not distinct from n.exercise_no
    qualify row_number() over (
        partition by c.athlete_no, c.rule, c.scope order by c.level desc, c.local_day, c.seen_at, c.session_key
    ) = 1
)
select e.athlete_no, e.rule, e.scope, e.anchor, e.local_day, e.level, e.evidence, e.subject, e.resolves_on
from ending e
join touched_alert t on e.athlete_no = t.athlete_no
where e.resolves_on >= t.from_day or e.scope_key in (select scope_key from alert_gone)
