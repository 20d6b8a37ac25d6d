-- metric: M1 (which of a left and a right row of one set counts: the one with the lower RIR)
-- unit: none
-- window: the set, both sides
-- source: domain.md 1
create or replace temp table side_second as
select e.row_no
from effort_in e
join order_in o on e.row_no = o.row_no
where side in ('left', 'right') and is_working and set_index is not null and superseded_by is null
qualify row_number() over (
    partition by athlete_no, session_key, exercise_no, exercise_block, set_index, set_type = 'drop'
    order by rir_effective nulls last, failed desc, side::varchar, o.set_order
) > 1
