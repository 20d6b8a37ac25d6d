-- Recovery: typed readings, one value per signal and day, and each signal's own baseline.
create table if not exists mart.sleep_episode ( -- one row per sleep document
    athlete_no integer, doc_key bigint, source varchar,
    night date,                                 -- local date of waking; null until a zone is known
    start_at timestamp, end_at timestamp, end_local timestamp,
    in_bed_s integer, asleep_s integer,         -- stated, else from the stages; asleep null: unknown
    nap boolean,
    awake_from_s bigint[], awake_to_s bigint[]  -- stretches awake inside it (epoch seconds); null: no stages
);
create table if not exists mart.sleep_folded (  -- documents for which another one of the same night stands
    athlete_no integer, doc_key bigint, night date
);
create table if not exists mart.hrv_reading (   -- one row per measurement of a device, and per series of beats
    athlete_no integer, doc_key bigint, source varchar, statistic varchar, context varchar,
    measured_at timestamp, local_day date, value_ms double, value_raw_ms double, sdnn_ms double,
    n_beats integer, rejected_share double, status varchar
);
create table if not exists mart.signal_day (    -- the input of baselines: one value per athlete, signal, source and day
    athlete_no integer, signal varchar, source varchar, local_day date, value double
);
create or replace macro base.stream_of(source, payload) as  -- what has baselines of its own: a source, or a device of it
    if(payload ->> '$.device' is null, source, source || ' (' || (payload ->> '$.device') || ')');

create or replace macro base.signal_kind(signal) as  -- what gave a signal: sleep, hrv, resting_heart_rate or checkin
    case
        when signal like 'sleep%' then 'sleep'
        when signal like 'ln_%' then 'hrv'
        when signal = 'resting_hr_bpm' then 'resting_heart_rate'
        else 'checkin'
    end;
create table if not exists mart.signal_window ( -- day-level lane: a signal's last days against its own baseline
    athlete_no integer, signal varchar, source varchar, local_day date,
    value double,                               -- of the day; null: no reading that day
    age_days integer,                           -- days since the newest reading
    n_3d integer, mean_3d double,
    n_7d integer, mean_7d double, median_7d double, sd_7d double,
    n_28d integer, median_28d double, spread_28d double,   -- days 8 to 35, outliers left out of median and spread
    n_60d integer, mean_60d double, sd_60d double,         -- days 8 to 67, outliers left out of mean and SD
    n_14d integer, mean_14d double,
    clock_sd_14d_min double                     -- M25, of a signal that is a time of day
);
create table if not exists mart.recovery_day (  -- day-level lane: the chosen signals of a day, against their baselines
    athlete_no integer, local_day date,
    sleep_min double, sleep_efficiency double, sleep_midpoint_min double, sleep_source varchar, sleep_age_days integer,
    sleep_n_3d integer, sleep_3d_min double, sleep_n_7d integer, sleep_7d_min double,
    sleep_n_28d integer, sleep_median_28d_min double, sleep_spread_28d_min double,
    sleep_n_14d integer, sleep_debt_h double, sleep_midpoint_sd_min double, sleep_midpoint_n_14d integer,
    resting_hr_bpm double, resting_hr_source varchar, resting_hr_age_days integer,
    resting_hr_n_7d integer, resting_hr_n_28d integer, resting_hr_median_28d_bpm double,
    resting_hr_deviation_bpm double, resting_hr_z double,
    hrv_signal varchar, hrv_source varchar, hrv_ms double, hrv_age_days integer,
    hrv_n_7d integer, hrv_n_60d integer, ln_hrv_7d double, ln_hrv_cv_7d double,
    ln_hrv_mean_60d double, ln_hrv_sd_60d double,
    wellness_instrument varchar, wellness_source varchar, wellness_age_days integer,
    wellness_items integer, wellness_items_ready integer, wellness_n_7d integer, wellness_n_28d integer,
    wellness_same_answers integer,              -- reports in a row that say the same; from 14 on they are DEGRADED
    subjective_z double, fatigue_z double, sleep_quality_z double, stress_z double, soreness_z double, mood_z double
);
create table if not exists mart.heart_rate_time ( -- day-level lane: how long each rate lasted, of a day or a session
    athlete_no integer, source varchar, local_day date,
    session_key bigint,                         -- null: the whole day
    n_obs integer, total_us bigint,             -- samples; first to last of a day, first to last set of a session
    counted_us bigint,                          -- told: not followed by a gap
    bpm double[], bpm_us bigint[]               -- each rate, rising, and how long it lasted
);
create table if not exists mart.heart_rate_load ( -- day-level lane: M19; no rule reads it
    athlete_no integer, source varchar, local_day date, session_key bigint, is_chosen boolean, n_obs integer,
    trimp double, edwards double, zone_1_min double, zone_2_min double, zone_3_min double, zone_4_min double,
    zone_5_min double, coverage double, trimp_status varchar, edwards_status varchar,
    resting_hr_bpm double, hr_max_bpm double, hr_max_is_estimated boolean
);
create table if not exists mart.sleep_regularity_day (  -- day-level lane: M24 of each source of sleep
    athlete_no integer, source varchar, local_day date,
    compared_min integer,                       -- minutes known then and a day later, in the 14 UTC days before the day
    day_pairs integer,                          -- days of them of which half or more is known, then and a day later
    regularity double                           -- -100 to 100; null below 5 day pairs
);
create table if not exists mart.soreness_day (  -- day-level lane: M31 on days with an answer, per muscle (null: the body)
    athlete_no integer, local_day date, muscle varchar,
    sore double,                                -- of the day, 0 to 1 with 1 worst
    sore_before double,                         -- of the answer before, of the last 28 days
    trained_on date,                            -- last day that trained it, of the last 28
    answers integer,                            -- since then
    sore_days integer, span_days integer        -- of these the sore ones, and the days they span; 0 once it eased
);
create table if not exists mart.training_week ( -- day-level lane: the 7 days that end on the day, against those before
    athlete_no integer, local_day date,
    sessions_7d integer, hard_sets_7d integer,
    is_loading boolean, is_failure_week boolean, is_deload boolean,
    deload_declared boolean,
    clock_from date,                            -- last day of the last deload, else the day before training began
    weeks_since_deload integer, loading_weeks integer, failure_weeks integer,
    telling_weeks integer,                      -- weeks since then that four loading weeks came before: a deload shows
    hard_sets_base double,                      -- mean of the three blocks before, without a day of a deload; null: none left
    hard_sets_sessions integer,                 -- sessions in those blocks
    hard_sets_most double,                      -- of any 7 days that end in the 28 days before the last 7; null: none
    failure_load_7d_fes double, failure_load_base_fes double, unknown_sets_7d integer, sets_7d integer,
    fatigue_weighted_volume_7d double, fatigue_weighted_volume_base double,
    load_kind varchar, load_7d double, monotony double, strain double,  -- session RPE in AU, else fatigue-weighted volume
    load_p75 double, strain_p95 double, load_weeks integer              -- of the 8 to 26 weekly values before
);
create table if not exists mart.load_day (      -- day-level lane: averages of the daily load, with the state to go on from
    athlete_no integer, local_day date,
    load double,                                -- fatigue-weighted volume in weighted sets; null: not observed
    sessions_28d integer,
    observed_days integer,                      -- M16: number of the day since training, or logging, began anew; 0: not observed
    acute_numerator double, acute_denominator double, chronic_numerator double, chronic_denominator double,
    days integer,                               -- M18: number of the day since the first observed one
    fitness double, fatigue double,             -- M18 after the day
    balance double                              -- M18: fitness less fatigue of the evening before
);
create table if not exists mart.exercise_trend ( -- day-level lane: M20 on each day the exercise was trained
    athlete_no integer, exercise_no integer, local_day date,
    slope_kg_per_day double, median_kg double, pct28 double, p_decline double, span_days double, n_obs integer,
    is_declining boolean, status varchar
);
create table if not exists mart.readiness_day (  -- day-level lane: M33, a summary of the athlete's own signals; no rule reads it
    athlete_no integer, local_day date, readiness double, coverage double, components integer, status varchar,
    subjective_points double, sleep_points double, performance_points double, hrv_points double, resting_hr_points double
);
create table if not exists mart.trend_day (      -- day-level lane: how the newest trends of the last 28 days stand on a day
    athlete_no integer, local_day date, exercises integer, declining integer, main_declining integer,
    worst_pct28 double, mean_pct28 double, sessions integer, subject varchar
);
