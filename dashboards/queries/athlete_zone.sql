-- panel: the time zone an athlete is in, the one stated last; no row where none was
-- $1 tenant, $2 athlete, $3 day or null: the zone that was in force on that day
select arg_max(f.timezone, f.position) as timezone
from base.profile as f
inner join base.athlete as p on f.athlete_no = p.athlete_no
where
    p.tenant_id = $1
    and p.athlete_id = $2
    and f.timezone is not null
    and ($3::date is null or coalesce(f.timezone_from <= $3::date, true))
having count(*) > 0
