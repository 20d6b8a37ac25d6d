-- which rules can find anything in this work at all, so that the others need not be planned
select
    coalesce(bool_or(explicit >= 2 or failures >= 2), false) as r01,
    coalesce(bool_or(class = 'axial' and failures > 0), false) as r02,
    coalesce(bool_or(first_failure < last_other or first_explicit < last_not_explicit), false) as r03,
    coalesce(bool_or(multi_joint and (failures > 0 or near > 0)), false) as r04,
    coalesce(bool_or(failures > 0), false) and exists (
        select 1
        from base.profile p
        join touched_alert t on p.athlete_no = t.athlete_no
        where p.level = 'beginner' or p.training_since is not null
    ) as r05
from alert_work
