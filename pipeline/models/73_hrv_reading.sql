-- metric: M28 (a device's own RMSSD or SDNN, taken as it is)
-- unit: ms
-- window: one document
-- source: contract.md (hrv), domain.md 3
insert into mart.hrv_reading by name
select e.athlete_no, e.doc_key, base.stream_of(e.source, e.payload::json) as source,
    e.payload::json ->> '$.statistic' as statistic,
    e.payload::json ->> '$.context' as context, e.measured_at, e.local_day,
    (e.payload::json ->> '$.value_ms')::double as value_ms, (e.payload::json ->> '$.value_ms')::double as value_raw_ms,
    null::double as sdnn_ms, null::integer as n_beats, null::double as rejected_share,
    if(value_ms >= 3 and value_ms <= 300, 'OK', 'INSUFFICIENT') as status  -- M26: no body has another
from base.event_log e
join touched_reading t on e.athlete_no = t.athlete_no and e.doc_key = t.doc_key
where e.kind = 'hrv'
