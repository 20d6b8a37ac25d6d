delete from mart.condition c
using touched_day_lane t
where c.athlete_no = t.athlete_no and list_contains($rules::varchar[], c.rule) and c.local_day >= t.from_day
