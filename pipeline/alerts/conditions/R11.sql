-- rule: R11 persistent soreness
-- unit: days, answers from 0 to 10
-- window: answers since the last session that trained the muscle, at most 28 days
-- needs: checkin
-- one level lower: the questionnaire's answer among answers that never vary (M30, DEGRADED)
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
        (d.muscle is null and coalesce(r.wellness_same_answers >= $r21_same_answers::integer, false))::integer
    ]::double[] as found
from mart.soreness_day d
join touched_rule_day t on d.athlete_no = t.athlete_no and d.local_day >= t.from_day and d.local_day >= $first_day
left join mart.recovery_day r
    on d.athlete_no = r.athlete_no and d.local_day = r.local_day and r.local_day >= $first_day
