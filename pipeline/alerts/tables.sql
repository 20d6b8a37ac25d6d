-- What the alert lane keeps beside mart.condition as declared in the store: integer keys for its joins, and
-- the fold's own result (opened_on), so that a fold can restart from the last condition before a day.
alter table mart.condition add column if not exists session_key bigint;   -- null: not about one session
alter table mart.condition add column if not exists exercise_no integer;  -- null: not about one exercise
alter table mart.condition add column if not exists subject varchar;      -- the words a text names it by
alter table mart.condition add column if not exists resolves_at timestamp;   -- the instant it ends if nothing follows
alter table mart.condition add column if not exists resolves_on date;        -- the local day of that instant
alter table mart.condition add column if not exists opened_on date;          -- day its episode opened; null: in cool-down
alter table mart.condition add column if not exists scope_key ubigint;       -- hash of athlete, rule and scope
