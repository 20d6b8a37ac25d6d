-- plans and declared periods of the touched athletes
select
    l.athlete_no, l.kind, l.payload ->> '$.what' as what,
    (l.payload ->> '$.from_day')::date as from_day, (l.payload ->> '$.to_day')::date as to_day
from base.event_log l
join touched_alert t on l.athlete_no = t.athlete_no
where l.kind in ('plan', 'declaration')
order by l.athlete_no, from_day, to_day, what, l.doc_key
