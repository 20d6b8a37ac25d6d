-- Shards of before base.heart_rate_log kept the samples of a heart rate in the payload of its event.
insert into base.heart_rate_log by name
with told as (
    select athlete_no, doc_key, measured_at, (payload::json -> '$.bpm')::double[] as rates,
        list_transform((payload::json -> '$.offset_s')::double[], lambda s: round_even(s * 1e6, 0)::bigint) as at_us
    from base.event_log
    where kind = 'heart_rate' and payload like '%"offset_s":%'
),
judged as (
    select *, list_bool_and(list_transform(at_us, lambda us: us % 1000 = 0)) as whole_ms,
        list_bool_and(list_transform(rates, lambda bpm: bpm = floor(bpm))) as whole_bpm
    from told
)
select athlete_no, doc_key, measured_at + to_microseconds(list_min(at_us)) as first_at,
    measured_at + to_microseconds(list_max(at_us)) as last_at, len(rates)::integer as n_obs,
    if(whole_ms, list_transform(at_us, lambda us: (us // 1000)::integer), null) as offset_ms,
    if(whole_ms, null, at_us) as offset_us,
    if(whole_bpm, rates::utinyint[], null) as bpm,
    if(whole_bpm, null, rates) as bpm_exact
from judged;

update base.event_log
set payload = json_merge_patch(payload::json, '{"offset_s": null, "bpm": null}'::json)::varchar
where kind = 'heart_rate' and payload like '%"offset_s":%';
