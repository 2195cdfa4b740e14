-- When somebody proved who they are; none where an identity provider did not say when that was.
ALTER TABLE sessions ADD COLUMN authenticated_at INTEGER;
UPDATE sessions SET authenticated_at = began_at WHERE proof <> 'oidc';
ALTER TABLE oauth_grants ADD COLUMN authenticated_at INTEGER;
UPDATE oauth_grants SET authenticated_at = logged_in_at;
ALTER TABLE oauth_grants DROP COLUMN logged_in_at;
