-- rule: R03 failure before the final sets of an exercise
-- unit: position of the set in its session
-- window: exercise in a session, all blocks joined
-- source: practice rule; domain.md 4.2, 4.6, GV-30
select
    athlete_no, 'R03' as rule, 'exercise-session:' || session_id || '/' || exercise as scope, session_id as anchor,
    local_day, start_at as seen_at,
    greatest(
        case when early_explicit then
            case when exercises_explicit >= $r03_exercises::integer
                then if(date_only, greatest($r03_many_level::integer - 1, 1), $r03_many_level::integer)
                else if(date_only, greatest($r03_one_level::integer - 1, 1), $r03_one_level::integer)
            end
        end,
        case when early then
            case when exercises >= $r03_exercises::integer
                then greatest($r03_many_level::integer - 1, 1)
                else greatest($r03_one_level::integer - 1, 1)
            end
        end
    )::tinyint as level,
    to_json(
        if(
            early_explicit,
            [
                evidence_row('first_failure_position_explicit', first_explicit, last_not_explicit, '<', local_day, local_day, sets),
                evidence_row('early_failure_exercises_explicit', exercises_explicit, $r03_exercises, '>=', local_day, local_day, sets)
            ],
            []
        )
        || if(
            early,
            [
                evidence_row('first_failure_position', first_failure, last_other, '<', local_day, local_day, sets),
                evidence_row('early_failure_exercises', exercises, $r03_exercises, '>=', local_day, local_day, sets)
            ],
            []
        )
        || if(date_only, [evidence_row('date_only', 1, 1, '>=', local_day, local_day, sets)], [])
    )::varchar as evidence,
    session_key, exercise_no, display_name as subject, null::timestamp as resolves_at, null::date as resolves_on
from (
    select *,
        count(*) filter (early) over session as exercises,
        count(*) filter (early_explicit) over session as exercises_explicit
    from (
        select *,
            $r03_limit_counts::integer = 1 and coalesce(first_failure < last_other, false) as early,
            coalesce(first_explicit < last_not_explicit, false) as early_explicit
        from alert_work
    )
    where early or early_explicit
    window session as (partition by athlete_no, session_key)
)
