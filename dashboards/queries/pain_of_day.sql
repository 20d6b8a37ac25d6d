-- panel: pain in joints on the day of an athlete's newest check-in, one row per joint, the worst first
-- $1 tenant, $2 athlete
-- answer: the highest of all check-ins of that day, 0 to 10; joints without pain are left out
-- local_day is null while nobody has said in which time zone it was made; then it is the newest check-in alone
with newest as (
    select local_day, checked_at
    from checkin_fact
    where
        tenant_id = $1
        and athlete_id = $2
        and checked_at is not null
    order by checked_at desc, source, document_id
    limit 1
)
select
    n.local_day,
    lower(replace(f.item, '_', ' ')) as joint,
    max(f.answer) as answer
from checkin_fact as f
inner join newest as n
    on f.local_day = n.local_day or (f.local_day is null and n.local_day is null and f.checked_at = n.checked_at)
where
    f.tenant_id = $1
    and f.athlete_id = $2
    and f.part = 'joint_pain'
group by all
having max(f.answer) > 0
order by answer desc, joint
