-- rule: R03 failure before the final sets of an exercise
-- unit: number of the set among the working sets of its exercise
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
    [
        early_explicit::integer,
        len(list_filter(orders, lambda one: one <= first_explicit)),
        len(list_filter(orders, lambda one: one <= last_not_explicit)),
        exercises_explicit,
        early::integer,
        len(list_filter(orders, lambda one: one <= first_failure)),
        len(list_filter(orders, lambda one: one <= last_other)),
        exercises, sets, date_only::integer
    ]::double[] as found,
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
