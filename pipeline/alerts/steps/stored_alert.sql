-- alerts as stored that may change: those that end on the touched day or later (R06 counts in hours: 5 days of slack)
-- is_refolded: opened in the days that were computed again, so it is gone unless it was found again
select
    a.athlete_no, a.rule, a.scope, a.anchor, a.alert_id, a.revision,
    a.opened_on >= t.from_day - if(a.rule = 'R06', 2, 0) as is_refolded
from mart.alert a
join touched_alert t on a.athlete_no = t.athlete_no and a.resolved_on >= t.from_day - 5
where a.rule in ('R01', 'R02', 'R03', 'R04', 'R05', 'R06', 'R19')
