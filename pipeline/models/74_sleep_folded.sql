-- metric: M22 (one night handed out twice, or handed out growing, is one)
-- unit: none
-- window: nights that overlap by half of the lesser one
-- source: domain.md 3
insert into mart.sleep_folded by name
select distinct athlete_no, doc_key, night
from sleep_pair
where shared_us * 2 >= long_us
