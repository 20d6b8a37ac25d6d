-- The shard's tables. No keys, no indexes (reliability: a secondary index can go stale after a crash).
-- base: facts and bookkeeping, written by the worker. mart: what models derive; may be dropped and rebuilt.
-- Integers on purpose: weights in mg, k in thousandths, q in halves, phi in 1e-8, so sums do not depend on order.
create schema if not exists base;
create schema if not exists mart;

-- words of a closed list: a byte a row instead of a string; views give them as varchar
create type if not exists base.set_type as enum (
    'warmup', 'working', 'drop', 'amrap', 'backoff', 'cluster', 'rest_pause', 'myo_reps', 'top', 'test', 'isometric'
);
create type if not exists base.outcome as enum ('completed', 'failed_mechanical', 'failed_technical', 'failed', 'stopped');
create type if not exists base.load_kind as enum ('external', 'bodyweight', 'assisted', 'added');
create type if not exists base.side as enum ('left', 'right', 'both');
create type if not exists base.weight_unit as enum ('kg', 'lb');
create type if not exists base.effort_scale as enum ('rir', 'rpe');
create type if not exists base.endpoint as enum (
    'UNKNOWN', 'LIMIT', 'SUBMAX', 'FAIL_MECHANICAL', 'FAIL_TECHNICAL', 'FAIL_UNSPECIFIED'
);
create type if not exists base.effort_source as enum (
    'failure', 'failure_technical', 'failure_unspecified', 'logged', 'velocity', 'load_reps'
);
create type if not exists base.status as enum ('OK', 'DEGRADED', 'NOT_APPLICABLE');

-- who and what: small tables, held in memory by the worker as well
create table if not exists base.athlete (
    athlete_no integer, tenant_id varchar, athlete_id varchar
);
create table if not exists base.exercise (      -- one row per exercise key seen, from the catalogue or unmapped
    exercise_no integer,
    exercise varchar,                           -- exercise_id, else 'name:' || folded name: the word used in scopes
    exercise_id varchar,                        -- null while unmapped
    display_name varchar,
    class varchar,                              -- axial | compound | isolation | unknown
    k_milli integer,                            -- 1500 | 1250 | 1000 | 1000
    category varchar,                           -- strength, cardio, stretching, ... ; null while unmapped
    is_work boolean,                            -- false: cardio, stretching, or the exercise "Warm Up"
    default_load_kind varchar,                  -- external | bodyweight | assisted
    bodyweight_milli integer,                   -- share of body mass moved, thousandths; null for external loads
    main_lift varchar                           -- squat | bench_press | deadlift | overhead_press | null
);
create table if not exists base.exercise_muscle (
    exercise_no integer, muscle varchar, c_half integer,  -- 2 primary, 1 secondary
    is_primary boolean, has_clock boolean                 -- stabilisers as secondary have no freshness clock
);
create table if not exists base.exercise_name ( -- each name as logged, and the exercise it stands for
    name_no integer, name varchar, folded varchar, exercise_no integer, suggestions varchar[]
);

-- documents: the state of each (tenant, athlete, source, document) is its greatest version
create table if not exists base.document (
    athlete_no integer, doc_key bigint,         -- doc_key: 64-bit digest of source and document
    source varchar, document_id varchar, kind varchar,
    rank tinyint, value bigint, log_offset bigint, item_index integer,
    alive boolean, items integer, payload_hash bigint, origin tinyint,
    upload_id varchar, import_id varchar, received_at timestamp,
    from_day date, to_day date                  -- UTC days its rows lie on, to find them again without a full scan
);
create table if not exists base.set_log (       -- one row per set of a living document, as logged
    athlete_no integer, doc_key bigint, ordinal integer,
    source varchar, session varchar, session_key bigint,  -- session_key: digest of source and session; null: unnamed
    anchor_day date,                            -- UTC day of the row (performed_at, else session start): for pruning
    performed_at timestamp, performed_local timestamp, zone_kind tinyint,
    zone varchar,                               -- of the event or the import; null: an offset alone, or Z
    name_no integer, exercise_block integer, set_index integer, set_type base.set_type,
    weight_mg bigint, weight_value double, weight_unit base.weight_unit, load_kind base.load_kind, side base.side,
    reps integer, duration_s double, distance_m double,
    rir_logged double, rpe_logged double, effort_scale base.effort_scale, effort_value double, outcome base.outcome,
    target_reps integer, target_weight_mg bigint, target_rir double, rest_s double,
    rep_velocities_m_s double[], superset varchar, notes varchar, effort_dropped boolean
);
create table if not exists base.session_log (
    athlete_no integer, doc_key bigint, source varchar, session varchar, session_key bigint, anchor_day date,
    start_at timestamp, start_local timestamp, zone_kind tinyint, zone varchar, end_at timestamp, end_local timestamp,
    date_only boolean, cr10 double, title varchar, notes varchar, owns_sets boolean, origin tinyint,
    document_id varchar, rank tinyint, value bigint, log_offset bigint, item_index integer
);
create table if not exists base.event_log (     -- every other kind, payload as canonical JSON without samples
    athlete_no integer, doc_key bigint, source varchar, kind varchar,
    measured_at timestamp, measured_local timestamp, zone_kind tinyint, day date, local_day date, payload varchar
);
create table if not exists base.heart_rate_log ( -- one row per living heart_rate document: its samples, as sent
    athlete_no integer, doc_key bigint,
    first_at timestamp, last_at timestamp, n_obs integer,
    offset_ms integer[], offset_us bigint[],    -- after the event's start; us only where some are no whole milliseconds
    bpm utinyint[], bpm_exact double[]          -- exact only where some are not whole
);
create table if not exists base.body_mass (
    athlete_no integer, doc_key bigint, day date, measured_at timestamp, mass_mg bigint
);
create table if not exists base.profile (       -- athlete events, in the order in which later rows win
    athlete_no integer, doc_key bigint, position integer, timezone_from date, timezone varchar, name varchar,
    level varchar, training_since date, sex varchar, birth_year integer, sleep_need_h double, hr_max_bpm double,
    main_lifts varchar[], source_priority varchar      -- JSON
);
create table if not exists base.rejected (
    tenant_id varchar, athlete_id varchar, received_at timestamp, source varchar, upload_id varchar, log_offset bigint,
    item_index integer, reason varchar, field varchar, message varchar, excerpt varchar
);
create table if not exists base.ignored (
    tenant_id varchar, athlete_id varchar, received_at timestamp, source varchar, upload_id varchar, log_offset bigint,
    item_index integer, reason varchar
);
create table if not exists base.clock (tenant_id varchar, now_at timestamp);
create table if not exists base.ledger (
    partition integer, next_offset bigint,
    items bigint, superseded bigint, conflicts bigint,    -- running counts of everything consumed (I2)
    model_version varchar, rule_version varchar, catalogue_version varchar
);
create table if not exists base.upload (upload_id varchar, import_id varchar, tenant_id varchar, athlete_id varchar,
    log_offset bigint, withdrawn boolean);
create table if not exists base.data_day (      -- local days that hold data, and their newest instant
    athlete_no integer, local_day date, newest_at timestamp, utc_offset_s integer
);
create table if not exists base.athlete_span (  -- first and last day with data, and today (clock, else last day)
    athlete_no integer, first_day date, last_day date, today date, newest_at timestamp,
    utc_offset_s integer,
    clock_day date                              -- the clock's date, null without one: only a clock makes a day final
);
create table if not exists base.mark (athlete_no integer, from_day date, to_day date);  -- day-level lane: not yet folded
create table if not exists base.heart_rate_mark (athlete_no integer, local_day date, -- day-level lane: M19 not yet folded
    is_day boolean);                            -- samples of the day changed; false: only sessions near it may have

-- sessions, sets
create table if not exists mart.session (
    athlete_no integer, session_key bigint, source varchar, session_id varchar, title varchar, origin tinyint,
    owner_doc_key bigint, owner_document_id varchar,   -- the session document that carries the sets, if one does
    local_day date,                             -- training day: local date of the first set (else of the start)
    start_at timestamp, start_local timestamp,  -- first set, else stated start
    last_at timestamp, last_local timestamp,    -- last set, else stated end
    zone varchar,                               -- where that was, if the event or the import names it
    ended boolean,                              -- an end was stated
    duration_min double, cr10 double, date_only boolean,
    rows integer, superseded_by varchar,        -- document or session that stands for it; null: counts
    anchor_from date, anchor_to date            -- UTC days of its rows
);
create table if not exists mart.set_fact (
    athlete_no integer, doc_key bigint, ordinal integer, session_key bigint, local_day date,
    set_order integer,                          -- 1.. within the session
    performed_at timestamp, exercise_no integer, name_no integer, exercise_block integer, set_index integer,
    set_type base.set_type, side base.side, load_kind base.load_kind, load_mg bigint,
    weight_mg bigint, reps integer, duration_s double,
    effort_scale base.effort_scale, effort_value double,
    rir double,                                 -- M1: logged RIR, or 10 - RPE; null unknown
    rir_effective double,                       -- M3 rungs 1-2 only here; estimates are in mart.set_estimate
    effort_source base.effort_source,           -- failure | failure_technical | failure_unspecified | logged | null
    endpoint base.endpoint,                     -- M2
    is_failure_explicit boolean, is_failure boolean,
    failure_recorded boolean,                   -- its source says per set whether it failed (outcome present)
    is_working boolean,                         -- working row: no warm-up, no cardio or stretching, not "Warm Up"
    is_counted boolean,                         -- working set: working, no drop row, the counting side, not superseded
    q_half integer,                             -- 2 counted set, 1 drop row, 0 else
    k_milli integer,
    phi_e8 bigint,                              -- round(exp(-1.15 * rir_effective) * 1e8), null unknown
    is_hard boolean,                            -- M4 known: counted, reps given, rir_effective <= 3
    is_hard_assumed boolean,                    -- known hard, or counted with reps and unknown effort
    volume_load_mg bigint,                      -- M6: weight * reps of working rows not assisted; null if load missing
    e1rm_kg double,                             -- M5 (Epley, RIR-adjusted); null: not applicable
    e1rm_status base.status,                    -- OK | DEGRADED | NOT_APPLICABLE
    effort_conflict boolean, censored boolean, effort_dropped boolean, date_only boolean,
    superset varchar, superseded_by varchar
);
create table if not exists mart.set_estimate (  -- rungs 3 and 4, only for counted or drop rows of unknown effort
    athlete_no integer, doc_key bigint, ordinal integer, session_key bigint, local_day date, exercise_no integer,
    rir_effective double, rir_se double, effort_source base.effort_source,  -- velocity | load_reps
    exceeds_reference boolean, phi_e8 bigint, kq_half bigint     -- kq_half = k_milli * q_half
);
create table if not exists mart.exercise_session (  -- per session and exercise, all blocks joined; superseded rows left out
    athlete_no integer, session_key bigint, exercise_no integer, local_day date, start_at timestamp, last_at timestamp,
    sets integer,                               -- W: counted sets
    failure_sets integer, failure_sets_explicit integer,
    failure_sets_mechanical integer, failure_sets_technical integer, failure_sets_unspecified integer,
    known_sets integer, conflict_sets integer, hard_sets_known integer, hard_sets_assumed integer,
    weighted_volume bigint, failure_load bigint,     -- sum k_milli*q_half ; sum k_milli*q_half*phi_e8
    volume_load_mg bigint, volume_rows_missing integer,
    e1rm_kg double, e1rm_status base.status,    -- session best among counted sets (OK first)
    top_weight_mg bigint, top_reps integer,
    date_only boolean
);
create table if not exists mart.exercise_reference (  -- M7, rung 4: median session-best e1RM of the 42 days before
    athlete_no integer, session_key bigint, exercise_no integer, local_day date, e1rm_ref_kg double, n_obs integer
);
create table if not exists mart.muscle_session (
    athlete_no integer, session_key bigint, muscle varchar, local_day date, first_at timestamp, last_at timestamp,
    utc_offset_s integer,                       -- local minus UTC at its last set
    change_at timestamp, change_offset_s integer, -- the clock change of its zone within 8 days of that, and the offset after
    hard_known_half integer, hard_assumed_half integer,   -- fractional hard sets in halves (M13)
    failure_load_half bigint,                   -- sum c_half * phi_e8 * q_half (local: no k); / 4e8 = FES
    primary_sets integer, primary_failure boolean, primary_failure_explicit boolean,
    qualifying boolean, rest_h integer,         -- M32: 48 or 72
    has_clock boolean, date_only boolean,
    hard_sets integer, unknown_effort_sets integer        -- sets behind hard_assumed_half; those nobody rated
);
alter table mart.muscle_session add column if not exists hard_sets integer;            -- for shards made before
alter table mart.muscle_session add column if not exists unknown_effort_sets integer;
create table if not exists mart.muscle_day (
    athlete_no integer, local_day date, muscle varchar,
    hard_known_half integer, hard_assumed_half integer, failure_load_half bigint,
    freshness double                            -- at the day's end; null: no clock or no qualifying session in 4 days
);
create table if not exists mart.athlete_day (
    athlete_no integer, local_day date,
    sessions integer, sets integer, failure_sets integer, failure_sets_explicit integer,
    failure_sets_mechanical integer, failure_sets_technical integer, failure_sets_unspecified integer,
    known_sets integer, conflict_sets integer, hard_sets_known integer, hard_sets_assumed integer,
    volume_load_mg bigint, weighted_volume bigint, failure_load bigint, failure_load_estimated bigint,
    revision integer, revised boolean
);
create table if not exists mart.athlete_window ( -- day-level lane: rolling sums ending on the day
    athlete_no integer, local_day date, observed boolean, gap boolean, days_since_set integer,
    sets_7d integer, failure_sets_7d integer, failure_sets_explicit_7d integer, known_sets_7d integer,
    hard_sets_known_7d integer, hard_sets_assumed_7d integer,
    volume_load_mg_7d bigint, weighted_volume_7d bigint, failure_load_7d bigint,
    sets_14d integer, known_sets_14d integer, conflict_sets_14d integer
);

-- alerts: one row per episode; what was handed to the outbox is remembered in base.alert_sent
create table if not exists mart.condition (     -- what a rule saw, per anchor: the input of the life cycle
    athlete_no integer, rule varchar, scope varchar, anchor varchar, local_day date, seen_at timestamp,
    level tinyint,                              -- 0 may close, 1 info, 2 advice, 3 warning, 4 high
    evidence varchar                            -- JSON list of evidence rows
);
create table if not exists mart.alert (
    athlete_no integer, alert_id varchar, rule varchar, scope varchar, anchor varchar, severity varchar,
    opened_on date, updated_on date, resolved_on date,   -- resolved_on: the day it ends, may lie after today
    resolves_at timestamp, revision varchar, folded_into varchar,
    title varchar, body varchar, action varchar, rule_version varchar, model_version varchar
);
create table if not exists mart.alert_evidence (
    athlete_no integer, alert_id varchar, metric varchar, value double, threshold double, comparator varchar,
    window_start date, window_end date, n_obs integer, baseline double
);
create table if not exists base.outbox (
    seq bigint, alert_id varchar, revision varchar, state varchar, tenant_id varchar, athlete_id varchar,
    log_offset bigint, payload varchar
);
-- a worker of a cluster: up to where the outbox was published (no row: nothing was)
create table if not exists base.outbox_published (seq bigint);
create table if not exists base.alert_sent (
    tenant_id varchar, athlete_id varchar, alert_id varchar, revision varchar, state varchar, payload varchar
);
