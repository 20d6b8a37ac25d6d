-- rule: R20 load jump
-- unit: kg, %, sessions
-- window: a session of the exercise against the last one with repetitions within two, at most 90 days before; so the one before it
-- needs: jump
-- source: domain.md 4.2, 4.6; usual progression is 2 to 10 % once the target is exceeded (ACSM 2009)
with risen as (
    select athlete_no, exercise_no, local_day, weight_mg, before_mg,
        100.0::double * (weight_mg - before_mg) / before_mg as percent,
        weight_mg >= $r20_exempt_kg::double * 1e6 as is_heavy,
        if(last_weight_mg >= $r20_exempt_kg::double * 1e6, 100.0::double * (last_weight_mg - last_before_mg) / last_before_mg, null)
            as percent_before
    from load_jump
)
select
    f.athlete_no, 'exercise:' || e.exercise as scope, e.display_name as subject, f.local_day, true as closes,
    [
        if(f.is_heavy, f.percent, null), 2, f.before_mg / 1e6,
        if(f.is_heavy and f.percent > $r20_percent::double and f.percent_before > $r20_percent::double, 2, 1), 2, null,
        f.weight_mg / 1e6, 1, f.before_mg / 1e6,
        0
    ]::double[] as found
from risen f
join base.exercise e on f.exercise_no = e.exercise_no
where f.percent > $r20_percent::double or f.percent_before > $r20_percent::double   -- a jump, and the session after it
