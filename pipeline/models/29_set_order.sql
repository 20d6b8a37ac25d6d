-- metric: none (place of each row in its session)
-- unit: 1..
-- window: the session
-- source: contract.md, "One set, one row"
create or replace temp table order_in as     -- few narrow columns go through the sort; the rest is joined by row
with untimed as materialized (      -- documents in which some set has no time: the order of their list counts
    select distinct athlete_no, doc_key from effort_in where ordinal > 0 and performed_at is null
)
select row_no, row_number() over (partition by athlete_no, session_key order by place, block_place, performed_at, doc_key)::integer as set_order
from (
    select e.row_no, e.athlete_no, e.session_key, e.performed_at, e.doc_key,
        -- superseded rows last; then by time, or by the place in the list
        if(e.superseded_by is null, 0, 4611686018427387904)
            + if(e.ordinal > 0 and u.doc_key is not null, 2305843009213693952 + e.ordinal, epoch_us(e.performed_at)) as place,
        if(e.ordinal > 0, e.ordinal, coalesce(e.exercise_block, 0) * 2147483648 + coalesce(e.set_index, 2147483647)) as block_place
    from effort_in e
    left join untimed u on e.athlete_no = u.athlete_no and e.doc_key = u.doc_key
)
