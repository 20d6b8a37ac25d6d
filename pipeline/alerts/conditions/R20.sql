-- rule: R20 load jump
-- unit: kg, %, sessions
-- window: a session of the exercise against the last one with repetitions within two, at most 90 days before
-- needs: repetition
-- source: domain.md 4.2, 4.6; usual progression is 2 to 10 % once the target is exceeded (ACSM 2009)
with heaviest as materialized (      -- of a day the most repetitions with its greatest weight, in one number
    select x.athlete_no, x.exercise_no, x.local_day, max(x.top_weight_mg * 100000 + x.top_reps) as weight_and_reps
    from mart.exercise_session x
    join touched_rule_day t on x.athlete_no = t.athlete_no and x.local_day >= t.from_day - 180
    where x.top_weight_mg > 0 and x.top_reps > 0
    group by x.athlete_no, x.exercise_no, x.local_day
),
top as materialized (
    select athlete_no, exercise_no, local_day, weight_and_reps // 100000 as weight_mg, weight_and_reps % 100000 as reps
    from heaviest
),
lowest as materialized (
    select *,
        min(weight_mg) over (
            partition by athlete_no, exercise_no order by local_day rows between unbounded preceding and 1 preceding
        ) as lowest_mg
    from top
),
before as (                         -- only what is heavier than the lightest set of the time can be a jump
    select a.athlete_no, a.exercise_no, a.local_day, arg_max(b.weight_mg, b.local_day) as before_mg
    from lowest a
    join top b
        on a.athlete_no = b.athlete_no and a.exercise_no = b.exercise_no and b.local_day < a.local_day
        and b.local_day >= a.local_day - 90 and abs(a.reps - b.reps) <= $r20_reps::integer
    where a.weight_mg > (1 + 0.01::double * $r20_percent::double) * a.lowest_mg
    group by all
),
compared as (
    select a.athlete_no, a.exercise_no, a.local_day, a.weight_mg, b.before_mg
    from top a
    left join before b
        on a.athlete_no = b.athlete_no and a.exercise_no = b.exercise_no and a.local_day = b.local_day
),
risen as (
    select *, 100.0::double * (weight_mg - before_mg) / before_mg as percent,
        weight_mg >= $r20_exempt_kg::double * 1e6 as is_heavy
    from compared
),
followed as (
    select *,
        lag(if(is_heavy, percent, null)) over (partition by athlete_no, exercise_no order by local_day) as percent_before
    from risen
)
select
    f.athlete_no, 'exercise:' || e.exercise as scope, e.display_name as subject, f.local_day, true as closes,
    [
        if(f.is_heavy, f.percent, null), 2, f.before_mg / 1e6,
        if(f.is_heavy and f.percent > $r20_percent::double and f.percent_before > $r20_percent::double, 2, 1), 2, null,
        f.weight_mg / 1e6, 1, f.before_mg / 1e6,
        0
    ]::double[] as found
from followed f
join base.exercise e on f.exercise_no = e.exercise_no
join touched_rule_day t on f.athlete_no = t.athlete_no and f.local_day >= t.from_day
where f.percent > $r20_percent::double or f.percent_before > $r20_percent::double   -- a jump, and the session after it
