-- rule: R02 failure on a squat, deadlift or overhead press
-- unit: counted sets
-- window: exercise in a session; the episode is folded over the sessions of the exercise
-- source: practice rule; domain.md M2, M10, 4.2, 4.6
select
    athlete_no, 'R02' as rule, 'exercise:' || exercise as scope, null::varchar as anchor,
    local_day, start_at as seen_at,
    if(
        explicit > 0,
        if(date_only, greatest($r02_explicit_level::integer - 1, 1), $r02_explicit_level::integer),
        $r02_limit_level::integer
    )::tinyint as level,
    [explicit, failures, sets, date_only::integer]::double[] as found,
    session_key, exercise_no, display_name as subject, null::timestamp as resolves_at, null::date as resolves_on
from alert_work
where class = 'axial' and failures >= $r02_sets::integer
