-- metric: M31
-- unit: days, answers from 0 to 1 with 1 worst
-- window: answers since the last session that trained the muscle, at most 28 days
-- source: domain.md M31, 4.6 (soreness after training peaks at 24 to 72 h and fades in days)
insert into mart.soreness_day by name
with answer as materialized (
    select e.athlete_no, e.local_day, a.muscle, max(a.sore) as sore
    from base.event_log e
    join touched_soreness t
        on e.athlete_no = t.athlete_no and e.local_day >= t.from_day - 27 and e.local_day <= t.to_day,
    lateral (
        select lower(replace(s.key, '_', ' ')) as muscle, (e.payload::json -> '$.soreness' ->> s.key)::double / 10 as sore
        from (select unnest(json_keys(e.payload::json -> '$.soreness')) as key) s
        union all
        select null, case e.payload::json ->> '$.instrument'
                when 'hooper' then ((e.payload::json ->> '$.items.soreness')::double - 1) / 6
                when 'mclean' then (5 - (e.payload::json ->> '$.items.soreness')::double) / 4
                else (e.payload::json ->> '$.items.soreness')::double / 10
            end
    ) a
    where e.kind = 'checkin' and a.sore is not null
    group by all
),
trained as (
    select m.athlete_no, m.local_day, m.muscle
    from mart.muscle_session m
    join touched_soreness t on m.athlete_no = t.athlete_no and m.local_day >= t.from_day - 27
    union
    select d.athlete_no, d.local_day, null
    from mart.athlete_day d
    join touched_soreness t on d.athlete_no = t.athlete_no and d.local_day >= t.from_day - 27
    where d.sets > 0
),
placed as (
    select a.athlete_no, a.local_day, a.muscle, a.sore, a.sore_before, max(s.local_day) as trained_on
    from (
        select *,
            last_value(sore) over (
                partition by athlete_no, muscle order by local_day::timestamp
                range between interval 27 day preceding and interval 1 day preceding
            ) as sore_before
        from answer
    ) a
    join touched_soreness t on a.athlete_no = t.athlete_no and a.local_day >= t.from_day
    left join trained s
        on a.athlete_no = s.athlete_no and a.muscle is not distinct from s.muscle and s.local_day <= a.local_day
        and s.local_day > a.local_day - 28
    group by all
),
counted as (
    select p.athlete_no, p.local_day, p.muscle, p.sore, p.sore_before, p.trained_on, count(q.sore)::integer as answers,
        coalesce(min(q.sore) > $eased::double, false) as lasts, list(q.local_day) filter (q.sore >= $sore::double) as days
    from placed p
    left join answer q
        on p.athlete_no = q.athlete_no and p.muscle is not distinct from q.muscle and q.local_day <= p.local_day
        and q.local_day > coalesce(p.trained_on, p.local_day - 28)
    group by all
)
select athlete_no, local_day, muscle, sore, sore_before, trained_on, answers,
    if(lasts, coalesce(len(days), 0), 0)::integer as sore_days,
    if(lasts, coalesce(list_max(days) - list_min(days), 0), 0)::integer as span_days
from counted
