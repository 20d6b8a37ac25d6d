-- panel: the newest day of one athlete with a reading, against the athlete's own usual, with readiness
-- $1 tenant, $2 athlete
select r.* exclude (tenant_id, athlete_id, model_version), y.readiness, y.coverage, y.subjective_points, y.sleep_points,
    y.performance_points, y.hrv_points, y.resting_hr_points
from recovery_day r
left join readiness_day y
    on r.tenant_id = y.tenant_id and r.athlete_id = y.athlete_id and r.local_day = y.local_day
where
    r.tenant_id = $1
    and r.athlete_id = $2
    and (r.sleep_minutes is not null or r.resting_hr_bpm is not null or r.hrv_ms is not null)
order by r.local_day desc
limit 1
