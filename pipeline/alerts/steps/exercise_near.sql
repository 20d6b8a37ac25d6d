-- sessions of each exercise from window_day on
select
    e.athlete_no, e.exercise_no, e.session_key, e.local_day - date '1970-01-01' as day, epoch_us(e.start_at) as start_us
from mart.exercise_session e
join alert_window w on e.athlete_no = w.athlete_no and e.local_day >= w.window_day
where e.sets > 0
