-- metric: M14 (session times and rating)
-- unit: min, CR10
-- window: the session
-- source: domain.md 0 (training day = local date of the first set), contract.md "One set, one row"
create or replace temp table session_in as
with doc as materialized (
    select l.*
    from base.session_log l
    join touched_session t
        on l.athlete_no = t.athlete_no and l.session_key = t.session_key and l.anchor_day between t.from_day and t.to_day
),
doc_first as materialized (         -- the owner first, else the greatest version
    select *
    from doc
    qualify row_number() over (
        partition by athlete_no, session_key
        order by owns_sets desc, rank desc, value desc, log_offset desc, item_index desc
    ) = 1
),
rated as (                          -- a rating given in any session document counts, the greatest version first
    select athlete_no, session_key,
        arg_max(cr10, (rank, value, log_offset, item_index)) filter (cr10 is not null) as cr10,
        max(end_at) as end_at, arg_max(end_local, (end_at, end_local)) filter (end_at is not null and end_local is not null) as end_local,
        arg_max_null(zone, (end_at, coalesce(end_local, '-infinity'), coalesce(zone, ''))) filter (end_at is not null) as end_zone,
        arg_min_null(zone, (start_at, coalesce(start_local, 'infinity'), coalesce(zone, ''))) as start_zone,
        min(start_at) as start_at, arg_min_null(start_local, (start_at, coalesce(start_local, 'infinity'))) as start_local,
        min(anchor_day) as anchor_from, max(anchor_day) as anchor_to
    from doc
    group by all
),
rows_of as (
    select r.athlete_no, r.session_key,
        any_value(r.source) as source, any_value(r.session_id) as session_id,
        min(r.performed_at) as first_at, arg_min_null(r.performed_local, (r.performed_at, coalesce(r.performed_local, 'infinity')))
            filter (r.performed_at is not null) as first_local,
        max(r.performed_at) as last_at, arg_max_null(r.performed_local, (r.performed_at, coalesce(r.performed_local, '-infinity')))
            filter (r.performed_at is not null) as last_local,
        arg_max_null(r.zone, (r.performed_at, coalesce(r.performed_local, '-infinity'), coalesce(r.zone, '')))
            filter (r.performed_at is not null) as last_zone,
        count(*) as row_count, min(r.anchor_day) as anchor_from, max(r.anchor_day) as anchor_to
    from row_in r
    left join doc_first d on r.athlete_no = d.athlete_no and r.session_key = d.session_key
    where d.owns_sets is not true or r.doc_key = d.doc_key
    group by all
),
rows_all as (
    select athlete_no, session_key, min(anchor_day) as anchor_from, max(anchor_day) as anchor_to
    from row_in
    group by all
)
select
    coalesce(r.athlete_no, d.athlete_no) as athlete_no, coalesce(r.session_key, d.session_key) as session_key,
    coalesce(d.source, r.source) as source, coalesce(d.session, r.session_id) as session_id,
    d.title as title, coalesce(d.origin, 0)::tinyint as origin,
    case when d.owns_sets then d.doc_key end as owner_doc_key,
    case when d.owns_sets then d.document_id end as owner_document_id,
    if(r.first_at is null, g.start_local, r.first_local)::date as local_day,
    coalesce(r.first_at, g.start_at) as start_at, if(r.first_at is null, g.start_local, r.first_local) as start_local,
    coalesce(r.last_at, case when ends.valid then g.end_at end, g.start_at) as last_at,
    case
        when r.last_at is not null then r.last_local
        when ends.valid then coalesce(g.end_local, g.end_at + (g.start_local - g.start_at))
        else g.start_local
    end as last_local,
    case
        when r.last_at is not null then r.last_zone
        when ends.valid then g.end_zone
        else g.start_zone
    end as zone,
    coalesce(ends.valid, false) as ended,
    case when ends.valid then epoch_us(g.end_at - g.start_at) / 60e6 end as duration_min,
    g.cr10 as cr10, coalesce(d.date_only, false) as date_only,
    coalesce(r.row_count, 0)::integer as rows,
    null::varchar as superseded_by,
    least(g.anchor_from, a.anchor_from) as anchor_from, greatest(g.anchor_to, a.anchor_to) as anchor_to
from rows_of r
full join doc_first d on r.athlete_no = d.athlete_no and r.session_key = d.session_key
left join rated g
    on coalesce(r.athlete_no, d.athlete_no) = g.athlete_no and coalesce(r.session_key, d.session_key) = g.session_key
left join rows_all a
    on coalesce(r.athlete_no, d.athlete_no) = a.athlete_no and coalesce(r.session_key, d.session_key) = a.session_key
left join lateral (
    select g.end_at > g.start_at and g.end_at <= g.start_at + interval 24 hour as valid
) ends on true
