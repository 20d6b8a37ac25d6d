-- panel: whether the tenant has this athlete
-- $1 tenant, $2 athlete
select 1 as known
where
    exists (select 1 from athlete_day where tenant_id = $1 and athlete_id = $2)
    or exists (select 1 from set_fact where tenant_id = $1 and athlete_id = $2)
