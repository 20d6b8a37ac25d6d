-- panel: sets that belong to no day: their time is an instant, and no zone of the athlete is known
select
    count(*)::integer as sets,
    count(distinct f.athlete_no)::integer as athletes
from mart.set_fact as f
where f.local_day is null
