-- rule: R10 performance decline
-- unit: exercises, % per 28 days
-- window: the newest evaluation of each exercise of the last 28 days; each looks 28 days back
-- needs: trend
-- source: domain.md M20, 4.2, 4.6 (one evaluation per day with a session of the exercise)
select
    d.athlete_no, 'body' as scope, d.subject, d.local_day, d.worst_pct28 > $r10_close_percent::double as closes,
    [
        d.declining, d.exercises, null,
        100.0::double * d.declining / d.exercises, d.exercises, null,
        d.main_declining, d.exercises, null,
        d.worst_pct28, d.sessions, null,
        0
    ]::double[] as found
from mart.trend_day d
join touched_rule_day t on d.athlete_no = t.athlete_no and d.local_day >= t.from_day and d.local_day >= $first_day
