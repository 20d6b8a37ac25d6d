-- the answers of 14 days against those of the 70 before: a problem of weeks cannot become the usual
-- unit: multiples of the standard deviation of the 70 days (at least about half a step of the scale). Means, because
-- the median of a scale with few steps jumps by a whole one
-- window: 84 days; at least 4 check-ins of 14 days and 14 of the 70
-- source: domain.md M30, 4.3, 4.4
create or replace temp table answer_level as
with answer as (                    -- check-ins by source and questionnaire, each question from 0 to 1 (best)
    select s.athlete_no, s.source, string_split(s.signal, '_')[1] as instrument, s.local_day, avg(s.value) as every_item,
        max(s.value) filter (s.signal like '%sleep_quality' or s.signal like '%_sleep') as sleep,
        max(s.value) filter (s.signal like '%_soreness') as soreness
    from mart.signal_day s
    join touched_rule_day t on s.athlete_no = t.athlete_no and s.local_day >= t.from_day - 83
    where s.local_day >= $first_day and base.signal_kind(s.signal) = 'checkin'
    group by all
    having count(*) >= 3
),
grid as (                           -- every day of the calendar, so that rows are days
    select d.athlete_no, d.local_day, k.source, k.instrument, a.every_item, a.sleep, a.soreness
    from mart.athlete_day d
    join (select distinct athlete_no, source, instrument from answer) k on d.athlete_no = k.athlete_no
    join touched_rule_day t on d.athlete_no = t.athlete_no and d.local_day >= t.from_day - 83
    left join answer a
        on d.athlete_no = a.athlete_no and d.local_day = a.local_day and k.source = a.source and k.instrument = a.instrument
    where d.local_day >= $first_day
),
compared as (                       -- 14 days against the 70 before: a problem of weeks cannot become the usual
    select *, count(every_item) over recent as n_14d, count(every_item) over before as n_70d,
        (avg(every_item) over recent - avg(every_item) over before)
            / greatest(stddev_samp(every_item) over before, 0.05::double) as every_z,
        (avg(sleep) over recent - avg(sleep) over before) / greatest(stddev_samp(sleep) over before, 0.08::double) as sleep_z,
        (avg(soreness) over recent - avg(soreness) over before)
            / greatest(stddev_samp(soreness) over before, 0.08::double) as soreness_z
    from grid
    window
        recent as (
            partition by athlete_no, source, instrument order by local_day rows between 13 preceding and current row
        ),
        before as (
            partition by athlete_no, source, instrument order by local_day rows between 83 preceding and 14 preceding
        )
),
said as (
    select c.athlete_no, c.local_day, c.every_z, c.sleep_z, c.soreness_z, c.n_14d, c.n_70d
    from compared c
    join mart.recovery_day r
        on c.athlete_no = r.athlete_no and c.local_day = r.local_day and c.source = r.wellness_source
        and c.instrument = r.wellness_instrument
    join touched_rule_day t on c.athlete_no = t.athlete_no and c.local_day >= t.from_day
    where c.n_14d >= 4 and c.n_70d >= 14 and r.local_day >= $first_day
)
select * from said
