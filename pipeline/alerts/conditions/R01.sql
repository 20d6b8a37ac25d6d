-- rule: R01 too many failure sets in one exercise of a session
-- unit: counted sets
-- window: exercise in a session, all blocks joined
-- source: practice rule; domain.md M12, 4.2, 4.6
select
    athlete_no, 'R01' as rule, 'exercise-session:' || session_id || '/' || exercise as scope, session_id as anchor,
    local_day, start_at as seen_at,
    greatest(if(date_only and full_level > 1, full_level - 1, full_level), limit_level)::tinyint as level,
    [explicit, failures, sets, multi_joint::integer, date_only::integer]::double[] as found,
    session_key, exercise_no, display_name as subject, null::timestamp as resolves_at, null::date as resolves_on
from (
    select *,
        case
            when explicit >= $r01_many::integer then $r01_many_level::integer
            when explicit >= $r01_some::integer and multi_joint then $r01_some_level::integer
        end as full_level,
        case
            when $r01_limit_counts::integer = 0 then null
            when failures >= $r01_many::integer then greatest($r01_many_level::integer - 1, 1)
            when failures >= $r01_some::integer and multi_joint then greatest($r01_some_level::integer - 1, 1)
        end as limit_level
    from alert_work
)
where full_level is not null or limit_level is not null
