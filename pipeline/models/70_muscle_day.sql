-- metric: M13, M11 (per muscle), M32
-- unit: halves of a set, 1e-8 x quarter sets, fraction 0..1
-- window: the day; freshness looks at the last qualifying session of the day and the three before
-- source: domain.md M13, M32; 4.6 (freshness runs to the day's end, today to the clock, else to the newest instant)
create or replace temp table muscle_day_in as
with near as materialized (
    select m.*
    from mart.muscle_session m
    join (select athlete_no, min(local_day) as from_day, max(local_day) as to_day from touched_muscle_day group by all) t
        on m.athlete_no = t.athlete_no and m.local_day >= t.from_day - 3 and m.local_day <= t.to_day
),
day_sums as (
    select athlete_no, local_day, muscle, sum(hard_known_half)::integer as hard_known_half,
        sum(hard_assumed_half)::integer as hard_assumed_half, sum(failure_load_half)::bigint as failure_load_half
    from near
    group by all
),
last_qualifying as (
    select t.athlete_no, t.local_day, n.muscle, any_value(t.now_at) as now_at,
        max_by(struct_pack(last_at := n.last_at, rest_h := n.rest_h, utc_offset_s := n.utc_offset_s), n.last_at) as last
    from touched_muscle_day t
    join near n on t.athlete_no = n.athlete_no and n.local_day <= t.local_day and n.local_day >= t.local_day - 3
    where n.qualifying and n.last_at is not null
    group by t.athlete_no, t.local_day, n.muscle
),
muscle_of_day as (
    select distinct t.athlete_no, t.local_day, n.muscle
    from touched_muscle_day t
    join near n on t.athlete_no = n.athlete_no and n.local_day <= t.local_day and n.local_day >= t.local_day - 3
    where n.local_day = t.local_day or n.qualifying
)
select d.athlete_no, d.local_day, d.muscle,
    coalesce(s.hard_known_half, 0) as hard_known_half, coalesce(s.hard_assumed_half, 0) as hard_assumed_half,
    coalesce(s.failure_load_half, 0) as failure_load_half,
    if(q.last is null, null, least(1, greatest(0, epoch_us(
        coalesce(q.now_at, (d.local_day + 1)::timestamp - to_seconds(coalesce(q.last.utc_offset_s, 0))) - q.last.last_at
    ) / 3600e6::double / q.last.rest_h)))::double as freshness
from muscle_of_day d
left join day_sums s on d.athlete_no = s.athlete_no and d.local_day = s.local_day and d.muscle = s.muscle
left join last_qualifying q on d.athlete_no = q.athlete_no and d.local_day = q.local_day and d.muscle = q.muscle
