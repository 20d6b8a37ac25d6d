-- nobody answers anything
create or replace temp table answer_level (
    athlete_no integer, local_day date, every_z double, sleep_z double, soreness_z double, n_14d bigint, n_70d bigint
)
