-- rule: R11 persistent soreness
-- unit: days, answers from 0 to 10
-- window: answers since the last session that trained the muscle, at most 28 days
-- needs: checkin
-- source: domain.md M31, 4.2, 4.6
select
    d.athlete_no, if(d.muscle is null, 'body', 'muscle:' || d.muscle) as scope, coalesce(d.muscle, '') as subject,
    d.local_day,
    d.sore <= $r11_eased::double and coalesce(d.sore_before, 1) <= $r11_eased::double as closes,
    [
        d.sore_days, d.answers, null,
        d.span_days, d.answers, null,
        d.span_days, d.answers, null,
        10 * d.sore, d.answers, null,
        0
    ]::double[] as found
from mart.soreness_day d
join touched_rule_day t on d.athlete_no = t.athlete_no and d.local_day >= t.from_day
