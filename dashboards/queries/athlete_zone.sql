-- panel: the time zone an athlete stated last; no row where none was
-- $1 tenant, $2 athlete
select arg_max(f.timezone, f.position) as timezone
from base.profile as f
inner join base.athlete as p on f.athlete_no = p.athlete_no
where
    p.tenant_id = $1
    and p.athlete_id = $2
    and f.timezone is not null
having count(*) > 0
