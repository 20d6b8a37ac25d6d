-- metric: none (place of each row in its session)
-- unit: 1..
-- window: the session
-- source: contract.md, "One set, one row"
create or replace temp table order_in as     -- few narrow columns go through the sort; the rest is joined by row
select row_no, row_number() over (partition by athlete_no, session_key order by place, block_place, performed_at, doc_key)::integer as set_order
from (
    select row_no, athlete_no, session_key, performed_at, doc_key,
        -- superseded rows last; then by time, and the rows of one document by their place in it
        if(superseded_by is null, 0, 4611686018427387904)
            + if(ordinal > 0 or performed_at is null, 2305843009213693952 + ordinal, epoch_us(performed_at)) as place,
        coalesce(exercise_block, 2147483647) * 2147483648 + coalesce(set_index, 2147483647) as block_place
    from effort_in
)
