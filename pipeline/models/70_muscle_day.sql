-- metric: M13, M11 (per muscle), M32
-- unit: halves of a set, 1e-8 x quarter sets, fraction 0..1
-- window: the day; freshness looks at the last qualifying session of the day and the three before
-- source: domain.md M13, M32; 4.6 (freshness runs to the day's end, today to the clock, else to the newest instant)
insert into mart.muscle_day by name
with near as (
    select m.athlete_no, m.local_day, m.muscle, m.hard_known_half, m.hard_assumed_half, m.failure_load_half,
        coalesce(m.utc_offset_s, 0) as utc_offset_s, epoch_us(m.change_at) as change_us, m.change_offset_s,
        -- the instant and the rest it asks for in one number, so that the later one (at a tie, the longer rest) wins
        if(m.qualifying, epoch_us(m.last_at) * 128 + m.rest_h, null) as rest_from
    from mart.muscle_session m
    join (select athlete_no, min(local_day) as from_day, max(local_day) as to_day from touched_muscle_day group by all) t
        on m.athlete_no = t.athlete_no and m.local_day >= t.from_day - 3 and m.local_day <= t.to_day
),
spread as (                         -- each session on its own day; a qualifying one on the three days after as well
    select athlete_no, local_day, muscle, hard_known_half, hard_assumed_half, failure_load_half, rest_from,
        utc_offset_s, change_us, change_offset_s
    from near
    union all
    select athlete_no, local_day + later, muscle, 0, 0, 0, rest_from, utc_offset_s, change_us, change_offset_s
    from near
    cross join (values (1), (2), (3)) as after (later)
    where rest_from is not null
),
ended as (                          -- midnight by the clock of the session's place, which may have changed since
    select * exclude (utc_offset_s, change_us, change_offset_s),
        epoch_us((local_day + 1)::timestamp) as wall_us,
        if(
            change_us is null or wall_us - utc_offset_s::bigint * 1000000 < change_us, wall_us - utc_offset_s::bigint * 1000000,
            greatest(change_us, wall_us - change_offset_s::bigint * 1000000)
        ) as ends_us
    from spread
),
summed as (
    select athlete_no, local_day, muscle, sum(hard_known_half)::integer as hard_known_half,
        sum(hard_assumed_half)::integer as hard_assumed_half, sum(failure_load_half)::bigint as failure_load_half,
        max(rest_from) as rest_from,
        arg_min(ends_us, (-rest_from, ends_us)) filter (rest_from is not null) as ends_us
    from ended
    group by all
)
select s.athlete_no, s.local_day, s.muscle, s.hard_known_half, s.hard_assumed_half, s.failure_load_half,
    if(s.rest_from is null, null, least(1, greatest(0, (
        coalesce(epoch_us(t.now_at), s.ends_us) - s.rest_from // 128
    ) / 3600e6::double / (s.rest_from % 128))))::double as freshness
from summed s
join touched_muscle_day t on s.athlete_no = t.athlete_no and s.local_day = t.local_day
