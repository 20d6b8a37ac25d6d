-- What the alert lanes keep beside the columns the store declares: integer keys for their joins, what a condition
-- found as plain numbers (its evidence is written out from them), and the fold's own result.
-- scope_key: digest of athlete, rule and scope; content: hash of level, subject and numbers
alter table mart.condition add column if not exists scope_key ubigint;
alter table mart.condition add column if not exists session_key bigint;
alter table mart.condition add column if not exists exercise_no integer;     -- null: not about one exercise
alter table mart.condition add column if not exists subject varchar;         -- the words a text names it by
alter table mart.condition add column if not exists found double[];          -- in the order of pipeline/alerts/evidence.py
alter table mart.condition add column if not exists content ubigint;
alter table mart.condition add column if not exists resolves_at timestamp;   -- the instant it ends if nothing follows
alter table mart.condition add column if not exists resolves_on date;        -- the local day of that instant
alter table mart.condition add column if not exists opened_on date;          -- day its episode opened; null: in cool-down
alter table mart.alert add column if not exists scope_key ubigint;
alter table mart.alert add column if not exists content ubigint;
alter table mart.alert add column if not exists subject varchar;             -- of the condition it speaks of
alter table mart.alert add column if not exists is_resolved boolean;         -- at the athlete's present when last looked at
alter table mart.alert add column if not exists context bigint;              -- checksum of the declared periods named
-- found by the day its alert opened: most changes concern recent days and then read little
alter table mart.alert_evidence add column if not exists opened_on date;
-- the first eight bytes of the id: found faster than the words
alter table base.alert_sent add column if not exists alert_no ubigint;
-- The mirror of the delivery ledger: what has left for a person. Only that can be seen as withdrawn; what was
-- opened and taken back before anybody heard of it never was.
create table if not exists base.alert_delivered (alert_id varchar, revision varchar, delivered_at timestamp);
