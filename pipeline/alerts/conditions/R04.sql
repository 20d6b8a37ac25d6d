-- rule: R04 compound lift taken too close to failure
-- unit: counted sets; logged repetitions in reserve
-- window: session
-- source: practice rule; domain.md M1, M10, 4.2, 4.6
select
    athlete_no, 'R04' as rule, 'session:' || session_id as scope, session_id as anchor, local_day, start_at as seen_at,
    greatest(
        if(date_only and full_level > 1, full_level - 1, full_level),
        if(compound_failures > 0, $r04_limit_level::integer, null)
    )::tinyint as level,
    [
        compound_explicit, compound_failures, compound_near, compound_near_failures, axial_near, sets, date_only::integer
    ]::double[] as found,
    session_key, null::integer as exercise_no, subject, null::timestamp as resolves_at, null::date as resolves_on
from (
    select *,
        greatest(
            if(compound_explicit > 0, $r04_explicit_level::integer, null),
            if(compound_near >= $r04_compound_near::integer, $r04_near_level::integer, null),
            if(axial_near >= $r04_axial_near::integer, $r04_near_level::integer, null)
        ) as full_level
    from (
        select
            athlete_no, session_key, session_id, local_day, start_at,
            sum(sets)::integer as sets, bool_or(date_only) as date_only,
            coalesce(sum(failures) filter (class = 'compound'), 0)::integer as compound_failures,
            coalesce(sum(explicit) filter (class = 'compound'), 0)::integer as compound_explicit,
            coalesce(sum(near) filter (class = 'compound'), 0)::integer as compound_near,
            coalesce(sum(near_failures) filter (class = 'compound'), 0)::integer as compound_near_failures,
            coalesce(sum(near) filter (class = 'axial'), 0)::integer as axial_near,
            string_agg(display_name, chr(10) order by first_set) filter (class = 'compound' or near > 0) as subject
        from alert_work
        where multi_joint
        group by all
    )
)
where full_level is not null or compound_failures > 0
