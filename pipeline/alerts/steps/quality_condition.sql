create or replace temp table alert_condition as
select *, md5_number_lower(athlete_no || '/' || rule || '/' || scope) as scope_key, hash(level, subject, found) as content
from (
    select
        athlete_no, 'R21' as rule, scope, null::varchar as anchor, opened_on as local_day,
        opened_on::timestamp as seen_at, $r21_found_level::tinyint as level, found, 0::bigint as session_key,
        null::integer as exercise_no, subject, opened_on, row_no
    from quality_in
)
