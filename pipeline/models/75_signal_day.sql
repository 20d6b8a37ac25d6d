-- metric: M22, M25, M27, M28, M30 (one value per signal and day, before any baseline)
-- unit: min, share, min after midnight, bpm, ln ms, 0 to 1 with 1 best
-- window: the local day, for nights the day of waking
-- source: domain.md 0 (source homogeneity), 3 (M26: physiological bounds)
insert into mart.signal_day by name
with near as materialized (
    select s.*
    from mart.sleep_episode s
    join touched_signal_day t
        on s.athlete_no = t.athlete_no and s.night >= t.local_day - 1 and s.night <= t.local_day + 1
),
night as materialized (             -- one night handed out twice, or handed out growing, is one
    select e.*, max(if(not e.nap, e.in_bed_s, null)) over (partition by e.athlete_no, e.source, e.night) as longest_s
    from (select distinct * from near) e
    join touched_signal_day t on e.athlete_no = t.athlete_no and e.night = t.local_day
    anti join near f
        on e.athlete_no = f.athlete_no and e.source = f.source and e.doc_key <> f.doc_key
        and epoch(least(e.end_at, f.end_at) - greatest(e.start_at, f.start_at)) * 2 >= epoch(e.end_at - e.start_at)
        and (f.asleep_s is not null, epoch(f.end_at - f.start_at), -epoch(f.start_at), coalesce(f.asleep_s, 0), f.doc_key)
            > (e.asleep_s is not null, epoch(e.end_at - e.start_at), -epoch(e.start_at), coalesce(e.asleep_s, 0), e.doc_key)
),
main as (
    select *
    from night
    where not nap and in_bed_s = longest_s
    qualify row_number() over (partition by athlete_no, source, night order by start_at, doc_key) = 1
),
readings as (
    select m.athlete_no, 'sleep_min' as signal, m.source, m.night as local_day,
        sum(n.asleep_s)::bigint / 60::double as value, 0 as low, 960 as high
    from main m
    join night n on m.athlete_no = n.athlete_no and m.source = n.source and m.night = n.night
    where m.asleep_s is not null
    group by all
    union all
    select athlete_no, 'sleep_efficiency', source, night, asleep_s / in_bed_s::double, 0, 1
    from main
    where asleep_s is not null and in_bed_s > 0
    union all                       -- by the wall clock of the place of waking
    select athlete_no, 'sleep_midpoint_min', source, night,
        (epoch(end_local)::bigint - epoch(end_at - start_at)::bigint // 2) % 86400 / 60::double, 0, 1440
    from main
    union all
    select e.athlete_no, 'resting_hr_bpm', e.source, e.local_day,
        list_avg(list_sort(list((e.payload::json ->> '$.bpm')::double))), 25, 120
    from base.event_log e
    join touched_signal_day t on e.athlete_no = t.athlete_no and e.local_day = t.local_day
    where e.kind = 'resting_heart_rate'
    group by all
    union all                       -- statistic, context and source are never mixed
    select h.athlete_no, 'ln_' || h.statistic || '_' || h.context, h.source, h.local_day,
        list_avg(list_sort(list(ln(h.value_ms)))), ln(3), ln(300)
    from mart.hrv_reading h
    join touched_signal_day t on h.athlete_no = t.athlete_no and h.local_day = t.local_day
    where h.value_ms > 0 and h.status in ('OK', 'DEGRADED') and h.context <> 'exercise'
    group by all
    union all
    select athlete_no, instrument || '_' || item, source, local_day, wellness, 0, 1
    from (
        select e.athlete_no, e.source, e.local_day, e.payload::json ->> '$.instrument' as instrument, i.item,
            (e.payload::json -> '$.items' ->> i.item)::double as answer,
            case
                when instrument = 'hooper' then (7 - answer) / 6
                when instrument = 'mclean' then (answer - 1) / 4
                when i.item in ('fatigue', 'stress', 'soreness') then (10 - answer) / 10
                else answer / 10
            end as wellness
        from base.event_log e
        join touched_signal_day t on e.athlete_no = t.athlete_no and e.local_day = t.local_day,
        lateral (select unnest(json_keys(e.payload::json -> '$.items')) as item) i
        where e.kind = 'checkin'
        qualify row_number() over (
            partition by e.athlete_no, e.source, e.local_day, instrument, i.item order by e.measured_at desc, answer desc
        ) = 1
    )
)
select athlete_no, signal, source, local_day, value
from readings
where value >= low and value <= high
