-- rule: R07 rapid volume increase
-- unit: ratio, sets a week, sessions, sets
-- window: the last 7 days against the three blocks of 7 days before them, those with a day of a deload left out;
--   more serious where they hold more than any 7 days of the four weeks before
-- source: domain.md M13, M17, 4.2, 4.6
with body as (
    select w.athlete_no, w.local_day, w.hard_sets_7d, w.hard_sets_base, w.hard_sets_sessions,
        w.hard_sets_most, w.hard_sets_7d / nullif(w.hard_sets_most, 0) as over_most,
        w.hard_sets_7d / nullif(w.hard_sets_base, 0) as rise, (7 * w.unknown_sets_7d > 3.5::double * w.sets_7d)::integer as thin,
        coalesce(
            w.hard_sets_7d >= $r07_some::double * w.hard_sets_base and w.hard_sets_base >= $r07_base_sets::double
            and w.hard_sets_sessions >= $r07_base_sessions::integer
            and w.hard_sets_7d - w.hard_sets_base >= $r07_rise_sets::double, false
        ) as holds
    from mart.training_week w
    join touched_rule_day t on w.athlete_no = t.athlete_no and w.local_day >= t.from_day and w.local_day >= $first_day
)
select
    athlete_no, 'body' as scope, '' as subject, local_day,
    coalesce(hard_sets_7d < $r07_close::double * hard_sets_base, hard_sets_7d <= hard_sets_most, true) as closes,
    [
        rise, hard_sets_7d, hard_sets_base,
        rise, hard_sets_7d, hard_sets_base,
        hard_sets_base, hard_sets_sessions, null,
        null, null, null,
        hard_sets_sessions, hard_sets_sessions, null,
        hard_sets_7d - hard_sets_base, hard_sets_7d, hard_sets_base,
        over_most, hard_sets_7d, hard_sets_most,
        thin
    ]::double[] as found
from body
union all
select                              -- a muscle speaks where the body as a whole does not
    m.athlete_no, 'muscle:' || m.muscle, replace(m.muscle, '_', ' '), m.local_day,
    coalesce(m.ratio < $r07_close::double, m.sets_7d <= m.most, true),
    [
        if(b.holds, null, m.ratio), m.sets_7d, m.base,
        if(b.holds, null, m.ratio), m.sets_7d, m.base,
        null, null, null,
        m.base, m.sessions_before, null,
        m.sessions_before, m.sessions_before, null,
        m.sets_7d - m.base, m.sets_7d, m.base,
        m.sets_7d / nullif(m.most, 0), m.sets_7d, m.most,
        b.thin
    ]
from muscle_week m                  -- its days on which a muscle is above the close limit, or was on the day before
join body b on m.athlete_no = b.athlete_no and m.local_day = b.local_day
