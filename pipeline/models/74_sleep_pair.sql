-- metric: M22 (what a night shares with another one of its source that stands before it)
-- unit: us
-- window: nights that overlap
-- source: domain.md 3
create or replace temp table sleep_pair as
with night_span as materialized (  -- a night shares a day in UTC with every other that overlaps it
    select s.*,
        row(
            asleep_s is not null, epoch(end_at - start_at), -epoch(start_at), coalesce(asleep_s, 0), not nap, in_bed_s,
            doc_key
        ) as standing,
        unnest(generate_series(start_at::date, end_at::date, interval 1 day)) as utc_day
    from mart.sleep_episode s
    join (
        select athlete_no, min(start_at) as from_at, max(end_at) as to_at
        from mart.sleep_episode
        semi join (select athlete_no, local_day as night from touched_signal_day) using (athlete_no, night)
        group by all
    ) near on s.athlete_no = near.athlete_no and s.start_at <= near.to_at and s.end_at >= near.from_at
)
select distinct e.athlete_no, e.doc_key, e.night, f.doc_key as greater_key,
    epoch_us(e.end_at) - epoch_us(e.start_at) as long_us,
    epoch_us(least(e.end_at, f.end_at)) - epoch_us(greatest(e.start_at, f.start_at)) as shared_us
from night_span e
join night_span f
    on e.athlete_no = f.athlete_no and e.source = f.source and e.utc_day = f.utc_day
    and f.standing > e.standing and e.start_at < f.end_at and f.start_at < e.end_at
join touched_signal_day t on e.athlete_no = t.athlete_no and e.night = t.local_day
