delete from mart.condition c
using touched_day_lane t
where c.athlete_no = t.athlete_no and c.rule = 'R21' and c.local_day >= t.from_day
