-- metric: M22 (sleep as its source states it)
-- unit: s
-- window: one document
-- source: contract.md (sleep), domain.md 3
insert into mart.sleep_episode by name
with doc as materialized (
    select e.athlete_no, e.doc_key, base.stream_of(e.source, e.payload::json) as source,
        e.local_day as night, e.measured_at as end_at, e.measured_local as end_local, e.payload::json as payload,
        (e.payload::json ->> '$.start')::timestamp as start_at,
        from_json(e.payload::json -> '$.stages', '[{"stage": "VARCHAR", "start": "TIMESTAMP", "end": "TIMESTAMP"}]')
            as stages
    from base.event_log e
    join touched_reading t on e.athlete_no = t.athlete_no and e.doc_key = t.doc_key
    where e.kind = 'sleep'
),
staged as (
    select *,
        list_filter(stages, lambda s: s.stage in ('light', 'deep', 'rem', 'asleep')) as asleep_stages,
        list_filter(stages, lambda s: s.stage in ('awake', 'out_of_bed')) as awake_stages
    from doc
)
select athlete_no, doc_key, source, night, start_at, end_at, end_local,
    round(coalesce((payload ->> '$.in_bed_min')::double * 60, epoch(end_at - start_at)))::integer as in_bed_s,
    round(coalesce(
        (payload ->> '$.asleep_min')::double * 60,
        if(
            len(asleep_stages) > 0,
            list_sum(list_transform(asleep_stages, lambda s: epoch(s."end" - s.start))),
            null
        )
    ))::integer as asleep_s,
    coalesce((payload ->> '$.nap')::boolean, false) as nap,
    if(len(asleep_stages) > 0, list_transform(awake_stages, lambda s: epoch(s.start)::bigint), null) as awake_from_s,
    if(len(asleep_stages) > 0, list_transform(awake_stages, lambda s: epoch(s."end")::bigint), null) as awake_to_s
from staged
