-- who is touched, and where their time stands: today for whole days, now_at for instants
select
    t.athlete_no, a.tenant_id, a.athlete_id, t.from_day, s.today, greatest(s.newest_at, c.now_at) as now_at
from touched_alert t
join base.athlete a on t.athlete_no = a.athlete_no
left join base.athlete_span s on t.athlete_no = s.athlete_no
left join base.clock c on a.tenant_id = c.tenant_id
