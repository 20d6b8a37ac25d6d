-- who is touched, and where their time stands: today for whole days, now_at for instants
select
    t.athlete_no, t.from_day - date '1970-01-01' as from_day,
    coalesce(s.today - date '1970-01-01', -1000000) as today,
    coalesce(epoch_us(greatest(s.newest_at, c.now_at)), -1000000) as now_us
from touched_alert t
join base.athlete a on t.athlete_no = a.athlete_no
left join base.athlete_span s on t.athlete_no = s.athlete_no
left join base.clock c on a.tenant_id = c.tenant_id
order by t.athlete_no
