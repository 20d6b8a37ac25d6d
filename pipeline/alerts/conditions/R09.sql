-- rule: R09 no deload
-- unit: weeks
-- window: since the last deload or declared time away, at most 26 weeks; more serious where that many weeks could
--   have been known for a deload, which the first four of a new athlete cannot
-- source: domain.md M21, 4.2, 4.6; deloads every 5.6 weeks in practice (Rogerson 2024)
select
    w.athlete_no, 'body' as scope, '' as subject, w.local_day, w.weeks_since_deload = 0 as closes,
    [
        w.weeks_since_deload, w.loading_weeks, null,
        w.telling_weeks, w.loading_weeks, null,
        w.loading_weeks, w.loading_weeks, null,
        w.failure_weeks, w.loading_weeks, null,
        0
    ]::double[] as found
from mart.training_week w
join touched_rule_day t on w.athlete_no = t.athlete_no and w.local_day >= t.from_day and w.local_day >= $first_day
