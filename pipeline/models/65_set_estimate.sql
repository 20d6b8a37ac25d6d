-- metric: M3 (rungs 3 and 4)
-- unit: repetitions in reserve
-- window: calibration 90 days (velocity), reference 42 days (load and reps)
-- source: domain.md M3 (Jukic 2024 for the individual velocity relation; inverse Epley); clipped to 0.5..10, so an
--         estimate never makes a failure set
create or replace temp table estimate_in as
with unknown as materialized (
    select f.athlete_no, f.doc_key, f.ordinal, f.session_key, f.local_day, f.exercise_no, v.source,
        f.load_mg, f.reps, f.q_half, f.k_milli, v.rep_velocities_m_s[len(v.rep_velocities_m_s)] as velocity_last
    from mart.set_fact f
    join touched_estimate t
        on f.athlete_no = t.athlete_no and f.session_key = t.session_key
        and f.exercise_no = t.exercise_no and f.local_day = t.local_day
    left join velocity_in v on f.athlete_no = v.athlete_no and f.doc_key = v.doc_key and f.ordinal = v.ordinal
    where f.rir_effective is null and f.q_half > 0 and f.reps > 0
),
calibration as (                    -- every rep of a set with a known end tells the reserve left after it
    select f.athlete_no, f.exercise_no, v.source, f.local_day, f.doc_key, f.ordinal,
        f.rir_effective + len(v.rep_velocities_m_s) - i.i as rir, v.rep_velocities_m_s[i.i] as velocity
    from mart.set_fact f
    join velocity_in v on f.athlete_no = v.athlete_no and f.doc_key = v.doc_key and f.ordinal = v.ordinal
    join (
        select athlete_no, exercise_no, source, min(local_day) - 90 as from_day, max(local_day) as to_day
        from unknown
        where velocity_last is not null
        group by all
    ) u
        on f.athlete_no = u.athlete_no and f.exercise_no = u.exercise_no and v.source = u.source
        and f.local_day >= u.from_day and f.local_day <= u.to_day
    cross join lateral (select unnest(range(1, len(v.rep_velocities_m_s) + 1)) as i) i
    where f.rir_effective is not null and len(v.rep_velocities_m_s) > 0 and f.is_working and f.superseded_by is null
),
velocity as (
    select u.athlete_no, u.doc_key, u.ordinal,
        regr_intercept(c.rir, c.velocity) + regr_slope(c.rir, c.velocity) * any_value(u.velocity_last) as rir,
        sqrt(greatest(regr_syy(c.rir, c.velocity) * (1 - regr_r2(c.rir, c.velocity)) / (count(*) - 2), 0)) as rir_se
    from unknown u
    join calibration c
        on u.athlete_no = c.athlete_no and u.exercise_no = c.exercise_no and u.source = c.source
        and c.local_day >= u.local_day - 90 and c.local_day <= u.local_day
    where u.velocity_last is not null
    group by u.athlete_no, u.doc_key, u.ordinal
    having count(*) >= 8 and count(distinct (c.doc_key, c.ordinal)) >= 2 and regr_r2(c.rir, c.velocity) >= 0.80
),
rungs as (
    select u.*, v.rir as rir_velocity, v.rir_se as velocity_se,
        30 * (r.e1rm_ref_kg / (u.load_mg / 1e6::double) - 1) as rep_max
    from unknown u
    left join velocity v on u.athlete_no = v.athlete_no and u.doc_key = v.doc_key and u.ordinal = v.ordinal
    left join mart.exercise_reference r
        on u.athlete_no = r.athlete_no and u.session_key = r.session_key and u.exercise_no = r.exercise_no
        and u.local_day = r.local_day and u.load_mg > 0
)
select athlete_no, doc_key, ordinal, session_key, local_day, exercise_no,
    least(greatest(coalesce(rir_velocity, rep_max - reps), 0.5), 10)::double as rir_effective,
    coalesce(velocity_se, 2.5)::double as rir_se,
    if(rir_velocity is not null, 'velocity'::base.effort_source, 'load_reps'::base.effort_source) as effort_source,
    rir_velocity is null and rep_max - reps < -1e-9 as exceeds_reference,
    round(exp(-1.15::double * least(greatest(coalesce(rir_velocity, rep_max - reps), 0.5), 10)) * 1e8)::bigint as phi_e8,
    (k_milli * q_half)::bigint as kq_half
from rungs
where rir_velocity is not null or rep_max <= 15 + 1e-9
