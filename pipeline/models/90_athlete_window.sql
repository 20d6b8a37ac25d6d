-- metric: M11, M12 (rolling 7 days), unknown_effort_share (14 days)
-- unit: sets, mg, thousandths x halves, thousandths x halves x 1e-8
-- window: 7 and 14 days ending on the day
-- every day of the calendar has a row, so rows are days
-- source: domain.md 0 (observed day, logging gap), 2
insert into mart.athlete_window by name
with near as materialized (
    select d.*
    from mart.athlete_day d
    join touched_window t on d.athlete_no = t.athlete_no and d.local_day >= t.from_day - 27 and d.local_day <= t.to_day
    where d.local_day >= $first_day
),
summed as (
    select athlete_no, local_day,
        max(if(sets > 0, local_day, null)) over history as last_set_day,
        sum(sets) over week as sets_7d, sum(failure_sets) over week as failure_sets_7d,
        sum(failure_sets_explicit) over week as failure_sets_explicit_7d, sum(known_sets) over week as known_sets_7d,
        sum(hard_sets_known) over week as hard_sets_known_7d, sum(hard_sets_assumed) over week as hard_sets_assumed_7d,
        sum(volume_load_mg) over week as volume_load_mg_7d, sum(weighted_volume) over week as weighted_volume_7d,
        sum(failure_load) over week as failure_load_7d,
        sum(sets) over fortnight as sets_14d, sum(known_sets) over fortnight as known_sets_14d,
        sum(conflict_sets) over fortnight as conflict_sets_14d
    from near
    window
        history as (partition by athlete_no order by local_day rows unbounded preceding),
        week as (partition by athlete_no order by local_day rows between 6 preceding and current row),
        fortnight as (partition by athlete_no order by local_day rows between 13 preceding and current row)
)
select s.athlete_no, s.local_day,
    coalesce(s.local_day - s.last_set_day <= 14, false) as observed,
    coalesce(s.local_day - s.last_set_day > 14, true) as gap,
    coalesce(least(s.local_day - s.last_set_day, 15), 15)::integer as days_since_set,
    s.sets_7d::integer as sets_7d, s.failure_sets_7d::integer as failure_sets_7d,
    s.failure_sets_explicit_7d::integer as failure_sets_explicit_7d, s.known_sets_7d::integer as known_sets_7d,
    s.hard_sets_known_7d::integer as hard_sets_known_7d, s.hard_sets_assumed_7d::integer as hard_sets_assumed_7d,
    s.volume_load_mg_7d::bigint as volume_load_mg_7d, s.weighted_volume_7d::bigint as weighted_volume_7d,
    s.failure_load_7d::bigint as failure_load_7d,
    s.sets_14d::integer as sets_14d, s.known_sets_14d::integer as known_sets_14d,
    s.conflict_sets_14d::integer as conflict_sets_14d
from summed s
join touched_window t on s.athlete_no = t.athlete_no and s.local_day >= t.from_day and s.local_day <= t.to_day
