-- rule: R05 beginner training to failure
-- unit: counted sets; days of training
-- window: session
-- source: practice rule; domain.md 4.2, 4.6 (level in force on the day; declared wins; 183 days)
with worked as materialized (
    select
        athlete_no, session_key, session_id, local_day, start_at,
        sum(sets)::integer as sets, bool_or(date_only) as date_only,
        coalesce(sum(failures) filter (multi_joint), 0)::integer as multi_failures,
        coalesce(sum(explicit) filter (multi_joint), 0)::integer as multi_explicit,
        coalesce(sum(failures) filter (not multi_joint), 0)::integer as single_failures,
        coalesce(sum(explicit) filter (not multi_joint), 0)::integer as single_explicit,
        string_agg(display_name, chr(10) order by first_set) as subject
    from alert_work
    where failures > 0
    group by all
),
levelled as (
    select
        w.athlete_no, w.session_key, w.session_id, w.local_day, w.start_at,
        w.sets, w.date_only, w.multi_failures, w.multi_explicit, w.single_failures, w.single_explicit, w.subject,
        arg_max(p.level, p.position) filter (p.level is not null) as declared,
        arg_max(p.training_since, p.position) filter (p.training_since is not null) as training_since
    from base.profile p
    join worked w
        on p.athlete_no = w.athlete_no and (p.timezone_from is null or p.timezone_from <= w.local_day)
    group by all
),
judged as (
    select *,
        greatest(
            if(multi_explicit > 0, $r05_multi_level::integer, null), if(single_explicit > 0, $r05_single_level::integer, null)
        ) as full_level,
        if(multi_failures > 0, $r05_multi_level::integer, $r05_single_level::integer) as any_level
    from levelled
    where declared = 'beginner' or (declared is null and local_day - training_since < $r05_days::integer)
)
select
    athlete_no, 'R05' as rule, 'session:' || session_id as scope, session_id as anchor, local_day, start_at as seen_at,
    greatest(
        if(date_only and full_level > 1, full_level - 1, full_level),
        if($r05_limit_counts::integer = 1, greatest(any_level - 1, 1), null)
    )::tinyint as level,
    [
        multi_explicit, single_explicit, multi_failures, single_failures, sets,
        (declared is not null)::integer, local_day - training_since, date_only::integer
    ]::double[] as found,
    session_key, null::integer as exercise_no, subject, null::timestamp as resolves_at, null::date as resolves_on
from judged
where full_level is not null or $r05_limit_counts::integer = 1
