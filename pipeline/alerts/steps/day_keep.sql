-- what a day rule saw on the days on which it opened or raised an episode
insert into mart.condition by name
select
    athlete_no, rule, scope, null::varchar as anchor, local_day, local_day::timestamp as seen_at,
    level::tinyint as level, found, 0::bigint as session_key, null::integer as exercise_no, subject, opened_on,
    scope_key, content
from day_condition_in
