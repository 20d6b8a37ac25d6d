-- panel: sets that belong to no day: their time is an instant, and no zone of the athlete is known
-- $1 tenant or null, $2 athlete or null
select
    count(*)::integer as sets,
    count(distinct f.athlete_no)::integer as athletes
from mart.set_fact as f
inner join base.athlete as p on p.athlete_no = f.athlete_no
where
    f.local_day is null
    and ($1::varchar is null or p.tenant_id = $1::varchar)
    and ($2::varchar is null or p.athlete_id = $2::varchar)
