-- metric: M22, M25, M27, M28, M30 (one value per signal and day, before any baseline)
-- unit: min, share, min after midnight, bpm, ln ms, 0 to 1 with 1 best
-- window: the local day, for nights the day of waking
-- source: domain.md 0 (source homogeneity), 3 (M26: physiological bounds)
insert into mart.signal_day by name
with night as materialized (
    select e.*, max(if(not e.nap, e.in_bed_s, null)) over (partition by e.athlete_no, e.source, e.night) as longest_s
    from mart.sleep_episode e
    join touched_signal_day t on e.athlete_no = t.athlete_no and e.night = t.local_day
    anti join mart.sleep_folded f on e.athlete_no = f.athlete_no and e.doc_key = f.doc_key
),
main as (
    select *
    from night
    where not nap and in_bed_s = longest_s
    qualify row_number() over (partition by athlete_no, source, night order by start_at, doc_key) = 1
),
asleep as (                         -- what a greater one covers of a sleep is counted there: no minute counts twice
    select e.athlete_no, e.source, e.night, greatest(e.asleep_s - (coalesce(p.shared_us, 0) + 500000) // 1000000, 0) as s
    from mart.sleep_episode e
    join touched_signal_day t on e.athlete_no = t.athlete_no and e.night = t.local_day
    left join (select athlete_no, doc_key, sum(shared_us)::bigint as shared_us from sleep_pair group by all) p
        on e.athlete_no = p.athlete_no and e.doc_key = p.doc_key
    where e.asleep_s is not null
),
readings as (                       -- what no body can say is in no day, and so in no baseline
    select m.athlete_no, 'sleep_min' as signal, m.source, m.night as local_day,
        sum(n.s)::bigint / 60::double as value
    from main m
    join asleep n on m.athlete_no = n.athlete_no and m.source = n.source and m.night = n.night
    where m.asleep_s is not null
    group by all
    having sum(n.s) <= 16 * 3600
    union all
    select athlete_no, 'sleep_efficiency', source, night, asleep_s / in_bed_s::double
    from main
    where asleep_s <= in_bed_s and in_bed_s > 0
    union all                       -- by the wall clock of the place of waking
    select athlete_no, 'sleep_midpoint_min', source, night,
        (epoch(end_local)::bigint - epoch(end_at - start_at)::bigint // 2) % 86400 / 60::double
    from main
    union all
    select athlete_no, 'resting_hr_bpm', source, local_day, list_avg(list_sort(list(bpm)))
    from (
        select e.athlete_no, base.stream_of(e.source, e.payload::json) as source, e.local_day,
            (e.payload::json ->> '$.bpm')::double as bpm
        from base.event_log e
        join touched_signal_day t on e.athlete_no = t.athlete_no and e.local_day = t.local_day
        where e.kind = 'resting_heart_rate'
    )
    where bpm >= 25 and bpm <= 120
    group by all
    union all                       -- statistic, context and source are never mixed
    select h.athlete_no, 'ln_' || h.statistic || '_' || h.context, h.source, h.local_day,
        list_avg(list_sort(list(ln(h.value_ms))))
    from mart.hrv_reading h
    join touched_signal_day t on h.athlete_no = t.athlete_no and h.local_day = t.local_day
    where h.value_ms >= 3 and h.value_ms <= 300 and h.status in ('OK', 'DEGRADED') and h.context <> 'exercise'
    group by all
    union all
    select athlete_no, instrument || '_' || item, source, local_day, wellness
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
