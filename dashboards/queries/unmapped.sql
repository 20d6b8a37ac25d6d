-- panel: exercise names that stand for no exercise of the catalogue, most used first
-- $1 tenant
select * exclude (tenant_id)
from unmapped_exercise
where tenant_id = $1
