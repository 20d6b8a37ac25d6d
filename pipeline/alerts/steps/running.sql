-- sessions that are not closed: no stated end, and less than the closing time since their last set
select s.athlete_no, s.session_key
from mart.session s
join touched_alert t on s.athlete_no = t.athlete_no and s.local_day >= t.from_day - 2
join base.athlete_span p on s.athlete_no = p.athlete_no
where s.superseded_by is null and not s.ended and s.last_at + to_hours($r19_close_h::integer) > p.newest_at
