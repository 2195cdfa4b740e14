-- What programs that provision users gave of these beside what every user has. What is found by it has columns of its
-- own, folded; the rest is in the document.
ALTER TABLE users ADD COLUMN scim_user_name_fold TEXT;
ALTER TABLE users ADD COLUMN scim_external_id_fold TEXT;
ALTER TABLE users ADD COLUMN scim_document TEXT;
-- Whether the user was shut out before ever having logged in.
ALTER TABLE users ADD COLUMN scim_waits INTEGER NOT NULL DEFAULT 0;
-- Who was not provisioned is called by the subject.
CREATE INDEX users_by_user_name ON users (tenant_id, coalesce(scim_user_name_fold, subject_fold), id);
-- As in 0002.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('users', 'users_by_user_name', '1000000 100000 2 1');
ANALYZE sqlite_schema;

ALTER TABLE groups ADD COLUMN external_id TEXT;

-- The identity provider whose program made a change.
ALTER TABLE audits ADD COLUMN provider_id TEXT;
