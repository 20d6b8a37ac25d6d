-- metric: M1, M2, M3 (rungs 1 and 2)
-- unit: RIR in repetitions
-- window: the set
-- source: domain.md 1, 2 and 4.6
create or replace temp view effort_in as     -- a view: each reader takes only the columns it needs
with joined as (
    select r.* exclude (session_id, source), r.rowid as row_no, s.local_day, s.date_only,
        e.exercise_no, e.k_milli, e.is_work, e.bodyweight_milli, e.default_load_kind,
        coalesce(r.rir_logged, if(r.rpe_logged < 5, 5, 10 - r.rpe_logged)) as rir,
        r.rir_logged is null and r.rpe_logged < 5 as censored,
        r.set_type <> 'warmup'
            and coalesce(r.outcome in ('failed_mechanical', 'failed_technical', 'failed'), false) as failed,
        case when s.owner_doc_key <> r.doc_key then s.owner_document_id else s.superseded_by end as superseded_by
    from row_in r
    join session_in s on r.athlete_no = s.athlete_no and r.session_key = s.session_key
    join base.exercise_name n on r.name_no = n.name_no
    join base.exercise e on n.exercise_no = e.exercise_no
)
select *,
    case
        when not failed and rir is null then 'UNKNOWN'::base.endpoint
        when not failed and rir = 0 then 'LIMIT'::base.endpoint
        when not failed then 'SUBMAX'::base.endpoint
        when outcome = 'failed_mechanical' then 'FAIL_MECHANICAL'::base.endpoint
        when outcome = 'failed_technical' then 'FAIL_TECHNICAL'::base.endpoint
        else 'FAIL_UNSPECIFIED'::base.endpoint
    end as endpoint,
    case
        when failed and outcome = 'failed_mechanical' then 0
        when failed and outcome = 'failed_technical' then if(rir is null, 1, least(greatest(rir, 0.5), 1))
        when failed then if(rir is null, 0, least(rir, 1))
        else rir
    end::double as rir_effective,
    set_type <> 'warmup' and is_work as is_working
from joined
