-- every condition to fold in time order, with the instant at which it would end if nothing followed
-- R02: the third later session of the exercise without failure, or the time limit; R06: full freshness
with wanted as materialized (
    select athlete_no, exercise_no, min(local_day) as from_day
    from alert_fold
    where rule = 'R02'
    group by all
),
later as (
    select
        e.athlete_no, e.exercise_no, e.session_key, e.failure_sets > 0 as failed,
        case when not bool_or(e.failure_sets > 0) over next_sessions and count(*) over next_sessions = $r02_sessions::integer
            then max(e.local_day) over next_sessions
        end as clean_day
    from mart.exercise_session e
    join wanted w
        on e.athlete_no = w.athlete_no and e.exercise_no = w.exercise_no and e.local_day >= w.from_day
    where e.sets > 0
    window next_sessions as (
        partition by e.athlete_no, e.exercise_no order by e.local_day, e.start_at, e.session_key
        rows between 1 following and $r02_sessions following
    )
)
select
    f.athlete_no, f.rule, f.scope, f.is_state, f.local_day, f.level, f.evidence, f.subject, f.opened_on,
    f.session_key, f.seen_at, f.resolves_at,
    coalesce(f.resolves_on, least(f.local_day + $r02_days::integer, l.clean_day)) as resolves_on,
    epoch_us(if(f.rule = 'R02', f.local_day::timestamp, f.seen_at)) as at_us,
    epoch_us(
        coalesce(f.resolves_at, least(f.local_day + $r02_days::integer, l.clean_day)::timestamp)
    ) as until_us
from alert_fold f
left join later l
    on f.athlete_no = l.athlete_no and f.exercise_no = l.exercise_no and f.session_key = l.session_key and f.rule = 'R02'
order by f.athlete_no, f.scope, f.is_state desc, at_us, f.seen_at, f.session_key
