-- metric: M4, M6, M11, M12 (whole body)
-- unit: sets, mg, thousandths x halves, thousandths x halves x 1e-8
-- window: the local day; every day from the first with data to today has a row
-- source: domain.md 0, 2
insert into mart.athlete_day by name
with day_sums as (
    select x.athlete_no, x.local_day, count(distinct x.session_key)::integer as sessions,
        sum(x.sets)::integer as sets, sum(x.failure_sets)::integer as failure_sets,
        sum(x.failure_sets_explicit)::integer as failure_sets_explicit,
        sum(x.failure_sets_mechanical)::integer as failure_sets_mechanical,
        sum(x.failure_sets_technical)::integer as failure_sets_technical,
        sum(x.failure_sets_unspecified)::integer as failure_sets_unspecified,
        sum(x.known_sets)::integer as known_sets, sum(x.conflict_sets)::integer as conflict_sets,
        sum(x.hard_sets_known)::integer as hard_sets_known, sum(x.hard_sets_assumed)::integer as hard_sets_assumed,
        sum(x.volume_load_mg)::bigint as volume_load_mg, sum(x.weighted_volume)::bigint as weighted_volume,
        sum(x.failure_load)::bigint as failure_load
    from mart.exercise_session x
    join touched_day t on x.athlete_no = t.athlete_no and x.local_day = t.local_day
    group by all
),
estimates as (
    select e.athlete_no, e.local_day, sum(e.kq_half * e.phi_e8)::bigint as estimated
    from mart.set_estimate e
    join touched_day t on e.athlete_no = t.athlete_no and e.local_day = t.local_day
    group by all
)
select t.athlete_no, t.local_day,
    coalesce(d.sessions, 0) as sessions, coalesce(d.sets, 0) as sets, coalesce(d.failure_sets, 0) as failure_sets,
    coalesce(d.failure_sets_explicit, 0) as failure_sets_explicit,
    coalesce(d.failure_sets_mechanical, 0) as failure_sets_mechanical,
    coalesce(d.failure_sets_technical, 0) as failure_sets_technical,
    coalesce(d.failure_sets_unspecified, 0) as failure_sets_unspecified,
    coalesce(d.known_sets, 0) as known_sets, coalesce(d.conflict_sets, 0) as conflict_sets,
    coalesce(d.hard_sets_known, 0) as hard_sets_known, coalesce(d.hard_sets_assumed, 0) as hard_sets_assumed,
    coalesce(d.volume_load_mg, 0) as volume_load_mg, coalesce(d.weighted_volume, 0) as weighted_volume,
    coalesce(d.failure_load, 0) as failure_load,
    coalesce(d.failure_load, 0) + coalesce(e.estimated, 0) as failure_load_estimated,
    coalesce(o.revision, 0) + 1 as revision,
    coalesce(o.revised, false) or coalesce(o.final, false) as revised
from touched_day t
join base.athlete_span s on t.athlete_no = s.athlete_no
left join day_sums d on t.athlete_no = d.athlete_no and t.local_day = d.local_day
left join estimates e on t.athlete_no = e.athlete_no and t.local_day = e.local_day
left join old_day o on t.athlete_no = o.athlete_no and t.local_day = o.local_day
where t.local_day >= s.first_day and t.local_day <= s.today
