-- rule: R16 monotonous or strained week
-- unit: ratio, load of the week
-- window: the last 7 days; percentiles of the 8 to 26 weekly values before
-- source: domain.md M15, 4.2, 4.6 (Foster 1998: thresholds of one's own)
select
    w.athlete_no, 'body' as scope, '' as subject, w.local_day,
    coalesce(w.monotony < $r16_monotony::double or w.load_7d < w.load_p75, true)
        and coalesce(w.strain < w.strain_p95, true) as closes,
    [
        w.monotony, w.sessions_7d, null,
        w.load_7d - w.load_p75, w.load_weeks, w.load_p75,
        w.strain - w.strain_p95, w.load_weeks, w.strain_p95,
        0
    ]::double[] as found
from mart.training_week w
join touched_rule_day t on w.athlete_no = t.athlete_no and w.local_day >= t.from_day and w.local_day >= $first_day
where w.load_7d > 0
