-- declared periods of the touched athletes
select
    l.athlete_no, l.payload ->> '$.what' as what,
    (l.payload ->> '$.from_day')::date - date '1970-01-01' as first, (l.payload ->> '$.to_day')::date - date '1970-01-01' as last
from base.event_log l
join touched_day_lane t on l.athlete_no = t.athlete_no
where l.kind = 'declaration'
order by l.athlete_no, first, last, what, l.doc_key
