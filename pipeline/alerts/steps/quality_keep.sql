insert into mart.condition by name
select * exclude (row_no) from alert_condition
