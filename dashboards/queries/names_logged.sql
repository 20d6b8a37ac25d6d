-- panel: exercise names as logged by anybody, most used first, and whether they stand for an exercise of the catalogue;
-- of all tenants, as the mappings of a data folder are
select
    n.folded,
    min(n.name) as name,
    bool_or(e.exercise_id is not null) as mapped,
    count(*)::integer as sets
from mart.set_fact as f
inner join base.exercise_name as n on n.name_no = f.name_no
inner join base.exercise as e on e.exercise_no = f.exercise_no
group by n.folded
order by sets desc, n.folded
