-- metric: none (the blocks of heart rate of each stream that M19 is worked out for)
-- unit: us since 1970, ms or us after the start, bpm
-- window: the local day a block begins on; a session of at most a day from its first set to its last
-- source: domain.md 2, M19; the dates given beside bound what is read at all
with span as (
    select s.athlete_no, s.session_key, s.local_day, s.start_at, s.last_at
    from mart.session s
    join heart_rate_now n on s.athlete_no = n.athlete_no and s.local_day = n.local_day
    where s.local_day >= ? and s.local_day <= ? and s.superseded_by is null and s.last_at > s.start_at
        and s.last_at <= s.start_at + interval 1 day
),
picked as (
    select e.athlete_no, e.doc_key, e.local_day, null::bigint as session_key, null::timestamp as from_at,
        null::timestamp as to_at
    from base.event_log e
    join heart_rate_now n on e.athlete_no = n.athlete_no and e.local_day = n.local_day and n.is_day
    where e.kind = 'heart_rate' and e.local_day >= ? and e.local_day <= ?
    union all
    select l.athlete_no, l.doc_key, s.local_day, s.session_key, s.start_at, s.last_at
    from base.heart_rate_log l
    join span s on l.athlete_no = s.athlete_no and l.first_at <= s.last_at and l.last_at >= s.start_at
    where l.last_at >= ?::date and l.first_at <= ?::date
),
placed as (
    select p.*, e.source, epoch_us(e.measured_at) as start_us
    from base.event_log e
    join picked p on e.athlete_no = p.athlete_no and e.doc_key = p.doc_key
    where e.kind = 'heart_rate' and e.local_day is not null
)
select p.athlete_no, p.source, p.local_day, p.session_key, epoch_us(p.from_at) as from_us, epoch_us(p.to_at) as to_us,
    p.start_us, l.offset_ms, l.offset_us, l.bpm, l.bpm_exact
from base.heart_rate_log l
join placed p on l.athlete_no = p.athlete_no and l.doc_key = p.doc_key
where l.last_at >= ?::date and l.first_at <= ?::date
order by p.athlete_no, p.source, p.local_day, p.session_key, l.first_at
