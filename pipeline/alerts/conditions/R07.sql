-- rule: R07 rapid volume increase
-- unit: ratio, sets a week, sessions, sets
-- window: the last 7 days against the three blocks of 7 days before them, deloads left out
-- source: domain.md M17, 4.2, 4.6
select
    w.athlete_no, 'body' as scope, '' as subject, w.local_day,
    coalesce(w.hard_sets_7d < $r07_close::double * w.hard_sets_base, true) as closes,
    [
        w.hard_sets_7d / nullif(w.hard_sets_base, 0), w.hard_sets_7d, w.hard_sets_base,
        w.hard_sets_7d / nullif(w.hard_sets_base, 0), w.hard_sets_7d, w.hard_sets_base,
        w.hard_sets_base, w.hard_sets_sessions, null,
        w.hard_sets_sessions, w.hard_sets_sessions, null,
        w.hard_sets_7d - w.hard_sets_base, w.hard_sets_7d, w.hard_sets_base,
        (7 * w.unknown_sets_7d > 3.5::double * w.sets_7d)::integer
    ]::double[] as found
from mart.training_week w
join touched_rule_day t on w.athlete_no = t.athlete_no and w.local_day >= t.from_day
