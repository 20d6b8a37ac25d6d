-- rule: R08 failure-load spike
-- unit: ratio, FES, share
-- window: the last 7 days against the three blocks of 7 days before them, deloads left out
-- source: domain.md M11, M17, 4.2, 4.6 (known effort only); more serious beside falling strength or low mood
with sign as (
    select distinct c.athlete_no, c.local_day + unnest(range(7))::integer as local_day
    from day_condition c
    left join mart.recovery_day r
        on c.athlete_no = r.athlete_no and c.local_day = r.local_day and r.local_day >= $first_day
    where c.rule = 'R10'
        or c.rule = 'R13' and not coalesce(r.wellness_same_answers >= $r21_same_answers::integer, false)
)
select
    w.athlete_no, 'body' as scope, '' as subject, w.local_day,
    coalesce(w.failure_load_7d_fes < $r08_close::double * w.failure_load_base_fes, true) as closes,
    [
        w.failure_load_7d_fes / nullif(w.failure_load_base_fes, 0), w.sets_7d - w.unknown_sets_7d, w.failure_load_base_fes,
        w.failure_load_7d_fes, w.sets_7d - w.unknown_sets_7d, w.failure_load_base_fes,
        w.unknown_sets_7d / nullif(w.sets_7d, 0), w.sets_7d, null,
        if(s.athlete_no is null, null, 1), null, null,
        0
    ]::double[] as found
from mart.training_week w
join touched_rule_day t on w.athlete_no = t.athlete_no and w.local_day >= t.from_day and w.local_day >= $first_day
left join sign s on w.athlete_no = s.athlete_no and w.local_day = s.local_day
