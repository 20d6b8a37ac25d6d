-- metric: none (which of two logs of one workout counts)
-- unit: share of time, share of rows
-- window: sessions of one athlete that overlap
-- source: contract.md, "One set, one row"
create or replace temp table session_in as
with span as (
    select athlete_no, min(local_day) - 1 as from_day, max(local_day) + 1 as to_day from session_in group by all
),
others as materialized (            -- sessions near by that are not worked out again, as partners to compare with
    select m.*
    from mart.session m
    join span p on m.athlete_no = p.athlete_no and m.local_day >= p.from_day and m.local_day <= p.to_day
    anti join touched_session s on m.athlete_no = s.athlete_no and m.session_key = s.session_key
),
partner as (
    from session_in
    union all by name
    from others
),
rows_of as (
    select r.athlete_no, r.session_key, n.exercise_no, r.reps, r.weight_mg, count(*) as n
    from row_in r
    join base.exercise_name n on r.name_no = n.name_no
    join session_in s on r.athlete_no = s.athlete_no and r.session_key = s.session_key
    where s.owner_doc_key is null or r.doc_key = s.owner_doc_key
    group by all
    union all
    select f.athlete_no, f.session_key, f.exercise_no, f.reps, f.weight_mg, count(*)
    from mart.set_fact f
    join others o on f.athlete_no = o.athlete_no and f.session_key = o.session_key and f.local_day = o.local_day
    where o.owner_doc_key is null or f.doc_key = o.owner_doc_key
    group by all
),
door as (                           -- one vendor, two doors: the API's workout stands for the file's
    select f.athlete_no, f.session_key, min(coalesce(a.owner_document_id, a.session_id)) as superseded_by
    from session_in f
    join partner a
        on f.athlete_no = a.athlete_no and f.source = a.source
        and date_trunc('minute', f.start_local) = date_trunc('minute', a.start_local)
    where f.origin = 1 and a.origin = 2 and f.session_key <> a.session_key
    group by all
),
priority as (
    select p.athlete_no, json_extract_string(p.source_priority, '$.sets[*]') as sources
    from base.profile p
    where p.source_priority is not null
    qualify row_number() over (partition by p.athlete_no order by p.position desc) = 1
),
ranked as (
    select s.*, coalesce(nullif(list_position(p.sources, s.source), 0), 1000) as listed,
        case s.origin when 1 then 2 when 3 then 3 else 1 end as door_rank,
        epoch_us(s.last_at) - epoch_us(s.start_at) as span_us
    from partner s
    left join priority p on s.athlete_no = p.athlete_no
    where s.local_day is not null and s.rows > 0   -- what belongs to no day yet stands for nothing
),
pairs as (                          -- overlap of more than half of the shorter one
    select a.athlete_no, a.session_key, b.session_key as other_key,
        coalesce(b.owner_document_id, b.session_id) as other_id, a.rows as rows_a, b.rows as rows_b
    from ranked a
    join ranked b on a.athlete_no = b.athlete_no and a.source <> b.source
    where (a.athlete_no, a.session_key) in (select (athlete_no, session_key) from session_in)
        and a.start_at <= b.last_at and b.start_at <= a.last_at
        and (
            least(a.span_us, b.span_us) = 0
            or 2 * (least(epoch_us(a.last_at), epoch_us(b.last_at)) - greatest(epoch_us(a.start_at), epoch_us(b.start_at)))
                > least(a.span_us, b.span_us)
        )
        and (b.listed, b.door_rank, b.source) < (a.listed, a.door_rank, a.source)
),
equal_rows as (
    select p.athlete_no, p.session_key, p.other_key, any_value(p.other_id) as other_id,
        sum(least(x.n, y.n)) as same
    from pairs p
    join rows_of x on p.athlete_no = x.athlete_no and p.session_key = x.session_key
    join rows_of y
        on p.athlete_no = y.athlete_no and p.other_key = y.session_key and x.exercise_no = y.exercise_no
        and x.reps is not distinct from y.reps and x.weight_mg is not distinct from y.weight_mg
    group by p.athlete_no, p.session_key, p.other_key
    -- of the longer list: else one set that both know would take a whole workout out of the count
    having sum(least(x.n, y.n)) >= 0.8 * any_value(greatest(p.rows_a, p.rows_b))
),
cross_source as (
    select athlete_no, session_key, min(other_id) as superseded_by from equal_rows group by all
)
select s.* replace (coalesce(d.superseded_by, c.superseded_by) as superseded_by)
from session_in s
left join door d on s.athlete_no = d.athlete_no and s.session_key = d.session_key
left join cross_source c on s.athlete_no = c.athlete_no and s.session_key = c.session_key
