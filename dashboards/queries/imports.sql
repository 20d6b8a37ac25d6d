-- panel: imports of a tenant, newest first, with the log offsets of their records; of one that was taken back
-- what became of its rows is no longer kept
-- $1 tenant
with import as (
    select
        import_id,
        any_value(athlete_id) filter (where not coalesce(withdrawn, false)) as athlete_id,
        min(log_offset) filter (where not coalesce(withdrawn, false)) as first_offset,
        max(log_offset) filter (where not coalesce(withdrawn, false)) as last_offset,
        bool_or(coalesce(withdrawn, false)) as undone
    from base.upload
    where
        tenant_id = $1
        and import_id is not null
    group by import_id
),
part as (
    select distinct
        import_id,
        upload_id
    from base.upload
    where
        tenant_id = $1
        and not coalesce(withdrawn, false)
),
left_out as (
    select
        p.import_id,
        count(distinct r.item_index) filter (where r.status = 'ignored')::integer as ignored,
        count(distinct r.item_index) filter (where r.status = 'rejected')::integer as rejected
    from part as p
    inner join (
        select upload_id, item_index, 'ignored' as status
        from ignored
        where tenant_id = $1
        union all
        select upload_id, item_index, 'rejected' as status
        from rejected
        where tenant_id = $1
    ) as r on r.upload_id = p.upload_id
    group by p.import_id
)
select
    i.import_id,
    i.athlete_id,
    case when not i.undone then coalesce(l.ignored, 0) end as ignored,
    case when not i.undone then coalesce(l.rejected, 0) end as rejected,
    i.undone,
    i.first_offset,
    i.last_offset
from import as i
left join left_out as l on l.import_id = i.import_id
where i.first_offset is not null
order by i.first_offset desc
