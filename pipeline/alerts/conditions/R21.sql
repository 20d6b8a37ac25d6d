-- rule: R21 data quality
-- unit: sets of 14 days; days without a set
-- window: the 14 days ending on the day, and 14 days without any set
-- source: domain.md 0 (logging gap), 4.2, 4.6
select
    w.athlete_no, w.local_day - date '1970-01-01' as day, w.sets_14d, w.known_sets_14d, w.conflict_sets_14d,
    w.sets_14d > 0 and (w.sets_14d - w.known_sets_14d) > $r21_unknown_share::double * w.sets_14d as unknown_effort,
    w.known_sets_14d > 0 and w.conflict_sets_14d > $r21_conflict_share::double * w.known_sets_14d as effort_conflict,
    w.days_since_set > $r21_gap_days::integer as gap
from mart.athlete_window w
join touched_day_lane t on w.athlete_no = t.athlete_no and w.local_day >= t.from_day - 1
order by w.athlete_no, w.local_day
