-- rule: R11 persistent soreness
-- unit: days, answers from 0 to 10
-- window: answers since the last session that trained the muscle, at most 28 days
-- needs: checkin
-- source: domain.md M31, 4.2, 4.6 (soreness after training peaks at 24 to 72 h and fades in days)
with answer as materialized (
    select e.athlete_no, e.local_day, a.scope, a.muscle, a.subject, max(a.sore) as sore
    from base.event_log e
    join touched_rule_day t on e.athlete_no = t.athlete_no and e.local_day >= t.from_day - 28,
    lateral (
        select 'muscle:' || s.key as scope, s.key as muscle, s.key as subject,
            (e.payload::json -> '$.soreness' ->> s.key)::double / 10 as sore
        from (select unnest(json_keys(e.payload::json -> '$.soreness')) as key) s
        union all
        select 'body', null, '', case e.payload::json ->> '$.instrument'
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
    join touched_rule_day t on m.athlete_no = t.athlete_no and m.local_day >= t.from_day - 56
    union
    select distinct d.athlete_no, d.local_day, null
    from mart.athlete_day d
    join touched_rule_day t on d.athlete_no = t.athlete_no and d.local_day >= t.from_day - 56
    where d.sets > 0
),
placed as (
    select a.athlete_no, a.local_day, a.scope, a.subject, a.sore, max(s.local_day) as trained_on
    from answer a
    left join trained s
        on a.athlete_no = s.athlete_no and a.muscle is not distinct from s.muscle and s.local_day <= a.local_day
        and s.local_day > a.local_day - 28
    group by a.athlete_no, a.local_day, a.scope, a.subject, a.sore
),
counted as (
    select p.athlete_no, p.scope, p.subject, p.local_day, p.sore,
        count(*) filter (q.sore >= $r11_sore::double) as sore_days, count(*) as answers, min(q.sore) as least,
        max(q.local_day) filter (q.sore >= $r11_sore::double) - min(q.local_day) filter (q.sore >= $r11_sore::double)
            as span_days
    from placed p
    join answer q
        on p.athlete_no = q.athlete_no and p.scope = q.scope and q.local_day <= p.local_day
        and q.local_day > coalesce(p.trained_on, p.local_day - 28)
    group by all
),
judged as (
    select *,
        sore <= $r11_eased::double and coalesce(lag(sore) over (partition by athlete_no, scope order by local_day), 1)
            <= $r11_eased::double as closes
    from counted
)
select
    j.athlete_no, j.scope, replace(j.subject, '_', ' ') as subject, j.local_day, j.closes,
    [
        if(j.least > $r11_eased::double, j.sore_days, 0), j.answers, null,
        if(j.least > $r11_eased::double, coalesce(j.span_days, 0), 0), j.answers, null,
        if(j.least > $r11_eased::double, coalesce(j.span_days, 0), 0), j.answers, null,
        10 * j.sore, j.answers, null,
        0
    ]::double[] as found
from judged j
join touched_rule_day t on j.athlete_no = t.athlete_no and j.local_day >= t.from_day
