-- metric: M19 (what its loads are worked out from)
-- unit: us, bpm, years
-- window: the day or the session; resting heart rate of days 8 to 35, of at least 14
-- source: domain.md 2 and 4.6; of several sources the one the athlete lists first, else the one that tells most
with profile as (                  -- of each field the newest that was stated
    select athlete_no, arg_max(source_priority, position)::json as listed, arg_max(sex, position) as sex,
        arg_max(birth_year, position) as birth_year, arg_max(hr_max_bpm, position) as hr_max_bpm
    from base.profile
    group by athlete_no
)
select h.*, p.sex, p.hr_max_bpm, year(h.local_day) - p.birth_year as age_years,
    if(r.resting_hr_n_28d >= 14, r.resting_hr_median_28d_bpm, null) as resting_hr_bpm,
    row_number() over (
        partition by h.athlete_no, h.local_day, h.session_key
        order by coalesce(nullif(list_position((p.listed -> 'heart_rate')::varchar[], h.source), 0), 1000),
            h.counted_us desc, h.source
    ) = 1 as is_chosen
from mart.heart_rate_time h
join touched_heart_rate t
    on h.athlete_no = t.athlete_no and h.local_day >= t.from_day and h.local_day <= t.to_day
left join profile p on h.athlete_no = p.athlete_no
left join mart.recovery_day r on h.athlete_no = r.athlete_no and h.local_day = r.local_day
where h.local_day >= ? and h.local_day <= ?
