-- Roles and memberships can be assigned for some time only: from a begin up to an end, in milliseconds since 1970.
ALTER TABLE user_roles ADD COLUMN valid_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user_roles ADD COLUMN expires_at INTEGER NOT NULL DEFAULT 253402207200000;
ALTER TABLE user_groups ADD COLUMN valid_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user_groups ADD COLUMN expires_at INTEGER NOT NULL DEFAULT 253402207200000;
