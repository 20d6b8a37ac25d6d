-- rule: R21 data quality
-- unit: sets of 14 days; days without a set; signals; answers
-- window: the 14 days ending on the day, and 14 days without any set
-- source: domain.md 0 (logging gap, source homogeneity), M30, 4.2, 4.6
with near as materialized (
    select s.athlete_no, s.source, s.local_day, base.signal_kind(s.signal) as kind
    from mart.signal_day s
    join touched_day_lane t
        on s.athlete_no = t.athlete_no
        and s.local_day >= t.from_day - ($r21_silent_days::integer + $r21_device_days::integer + 2)
    where base.signal_kind(s.signal) <> 'checkin'
        and s.local_day >= $first_day::date - ($r21_silent_days::integer + $r21_device_days::integer + 2)
),
reading as (                        -- most have one source
    select distinct *
    from near
    semi join (
        select athlete_no, kind from near group by all having min(source) <> max(source)
    ) using (athlete_no, kind)
),
begun as (                          -- the first reading of a source, or the first after 60 days of silence
    select * from reading
    qualify coalesce(
        local_day - lag(local_day) over (partition by athlete_no, kind, source order by local_day)
            > $r21_silent_days::integer, true
    )
),
device as (                         -- where another source gave the same signal before
    select b.athlete_no, b.local_day + unnest(range($r21_device_days::integer))::integer as local_day, b.kind, b.source
    from begun b
    semi join reading o
        on b.athlete_no = o.athlete_no and b.kind = o.kind and b.source <> o.source and o.local_day < b.local_day
        and o.local_day >= b.local_day - $r21_silent_days::integer
),
device_day as (
    select athlete_no, local_day, count(distinct kind) as signals,
        string_agg(distinct source, chr(10) order by source) as sources
    from device
    group by all
),
answer as materialized (            -- what was said as a number, for texts of so many days took most of the time
    select s.athlete_no, s.source, s.local_day, sum(hash(s.signal, s.value)) as said
    from mart.signal_day s
    join touched_day_lane t
        on s.athlete_no = t.athlete_no and s.local_day >= t.from_day - (91 + $r21_answer_days::integer)
    where base.signal_kind(s.signal) = 'checkin'
        and s.local_day >= $first_day::date - (91 + $r21_answer_days::integer)
    group by all
),
constant as (                       -- few say the same so often
    select distinct athlete_no, source
    from (
        select athlete_no, source, said from answer group by all having count(*) >= $r21_same_answers::integer
    )
),
changed as (
    select *, lead(local_day) over in_order as next_day,
        coalesce(said <> lag(said) over in_order, true)::integer as is_other
    from answer
    semi join constant using (athlete_no, source)
    window in_order as (partition by athlete_no, source order by local_day)
),
stretched as materialized (
    select *, sum(is_other) over (partition by athlete_no, source order by local_day) as stretch from changed
),
long as (                           -- fewer say it in a row
    select distinct athlete_no, source
    from (
        select athlete_no, source, stretch
        from stretched
        group by all
        having count(*) >= $r21_same_answers::integer
    )
),
alike as (                          -- the same answers how often in a row, of those of 90 days
    select *, least(
            row_number() over (partition by athlete_no, source, stretch order by local_day),
            count(*) over (
                partition by athlete_no, source order by local_day
                range between interval 89 day preceding and current row
            )
        ) as answers
    from stretched
    semi join long using (athlete_no, source)
),
answer_day as (
    select athlete_no, day::date as local_day, max(answers) as answers
    from (
        select athlete_no, answers, unnest(generate_series(
            local_day::timestamp,
            least(coalesce(next_day, 'infinity'::date) - 1, local_day + $r21_answer_days::integer - 1)::timestamp, interval 1 day
        )) as day
        from alike
        where answers >= $r21_same_answers::integer
    )
    group by all
)
select
    w.athlete_no, w.local_day - date '1970-01-01' as day, w.sets_14d, w.known_sets_14d, w.conflict_sets_14d,
    coalesce(d.signals, 0) as new_signals, coalesce(a.answers, 0) as same_answers, coalesce(d.sources, '') as sources,
    w.sets_14d > 0 and (w.sets_14d - w.known_sets_14d) > $r21_unknown_share::double * w.sets_14d as unknown_effort,
    w.known_sets_14d > 0 and w.conflict_sets_14d > $r21_conflict_share::double * w.known_sets_14d as effort_conflict,
    w.days_since_set > $r21_gap_days::integer as gap,
    coalesce(d.signals >= $r21_signals::integer, false) as device_change, a.answers is not null as straight_line
from mart.athlete_window w
join touched_day_lane t on w.athlete_no = t.athlete_no and w.local_day >= t.from_day - 1 and w.local_day >= $first_day::date - 1
left join device_day d on w.athlete_no = d.athlete_no and w.local_day = d.local_day
left join answer_day a on w.athlete_no = a.athlete_no and w.local_day = a.local_day
order by w.athlete_no, w.local_day
