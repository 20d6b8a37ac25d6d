-- metric: none (rows of touched sessions, as logged, with the session they belong to)
-- unit: mg, reps, s
-- window: the session
-- source: contract.md, "One set, one row"
create or replace temp table row_in as
with logged as not materialized (     -- twice in the text: materialised it would read all history
    select athlete_no, doc_key, ordinal, source, session, session_key, anchor_day, performed_at, performed_local, zone,
        name_no, exercise_block, set_index, set_type, weight_mg, load_kind, side, reps, duration_s,
        rir_logged, rpe_logged, effort_scale, effort_value, outcome, superset, effort_dropped
    from base.set_log
)
select s.* exclude (session), s.session as session_id
from logged s
join touched_session t
    on s.athlete_no = t.athlete_no and s.session_key = t.session_key and s.anchor_day between t.from_day and t.to_day
union all by name
select s.* exclude (session, session_key), a.session_key as session_key, a.session_id as session_id
from logged s
join auto_row a
    on s.athlete_no = a.athlete_no and s.doc_key = a.doc_key and s.anchor_day = a.anchor_day
where s.session_key is null
