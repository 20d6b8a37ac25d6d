-- who is touched, and where their time stands: today for whole days, now_us for instants
select
    t.athlete_no, t.from_day - date '1970-01-01' as from_day,
    coalesce(s.today - date '1970-01-01', -1000000) as today, coalesce(epoch_us(s.newest_at), -1000000) as now_us
from touched_alert t
left join base.athlete_span s on t.athlete_no = s.athlete_no
order by t.athlete_no
