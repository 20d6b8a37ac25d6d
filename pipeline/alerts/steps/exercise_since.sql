-- sessions of single exercises from the day of a failure on
select
    e.athlete_no, e.exercise_no, e.session_key, e.local_day - date '1970-01-01' as day, epoch_us(e.start_at) as start_us,
    e.failure_sets > 0 as failed
from mart.exercise_session e
join alert_exercise w on e.athlete_no = w.athlete_no and e.exercise_no = w.exercise_no and e.local_day >= w.from_day
where e.sets > 0
