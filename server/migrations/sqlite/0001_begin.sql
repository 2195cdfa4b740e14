-- Every key begins with the tenant. Texts compare byte by byte; `_fold` columns hold what filters and sort orders
-- compare, '' where there is no value. Times are milliseconds since 1970 in UTC, booleans 0 or 1.
--
-- Small rows that are found by their key lie in the key (WITHOUT ROWID). Those of users and groups do not: a search can
-- then look through an index and fetch only the rows it finds.

CREATE TABLE tenants (
    tenant_id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL DEFAULT 1,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    status_updated_at INTEGER NOT NULL,
    region TEXT NOT NULL,
    datacenter TEXT NOT NULL,
    created_by TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    auto_assign_shared_spaces INTEGER NOT NULL,
    auto_assign_private_content INTEGER NOT NULL,
    auto_assign_data_services INTEGER NOT NULL,
    enable_analytic_creation INTEGER NOT NULL,
    enable_app_opening_feedback INTEGER NOT NULL,
    auto_create_groups INTEGER NOT NULL,
    auto_assign_professional INTEGER NOT NULL,
    auto_assign_analyzer INTEGER NOT NULL,
    max_keys_per_user INTEGER NOT NULL,
    max_key_lifetime TEXT NOT NULL,
    external_key_lifetime TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE hostnames (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    position INTEGER NOT NULL,
    hostname TEXT NOT NULL UNIQUE,
    PRIMARY KEY (tenant_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE roles (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_fold TEXT NOT NULL,
    kind TEXT NOT NULL,
    level TEXT NOT NULL,
    description TEXT NOT NULL,
    description_fold TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT,
    updated_at INTEGER NOT NULL,
    updated_by TEXT,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX roles_name ON roles (tenant_id, name);

CREATE TABLE groups (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_fold TEXT NOT NULL,
    provider TEXT NOT NULL,
    status TEXT NOT NULL,
    description TEXT,
    created_at INTEGER NOT NULL,
    created_by TEXT,
    updated_at INTEGER NOT NULL,
    updated_by TEXT,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX groups_name ON groups (tenant_id, provider, name);
CREATE INDEX groups_by_name ON groups (tenant_id, name_fold, id);

CREATE TABLE group_roles (
    tenant_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    role_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, group_id, role_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, role_id) REFERENCES roles (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_roles_by_role ON group_roles (tenant_id, role_id, group_id);

CREATE TABLE users (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    subject TEXT NOT NULL,
    subject_fold TEXT NOT NULL,
    name TEXT NOT NULL,
    name_fold TEXT NOT NULL,
    email TEXT,
    email_fold TEXT NOT NULL,
    picture TEXT,
    locale TEXT,
    zoneinfo TEXT,
    preferred_locale TEXT,
    preferred_zoneinfo TEXT,
    status TEXT NOT NULL,
    invite_expires_at INTEGER NOT NULL,
    client_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX users_subject ON users (tenant_id, subject);
CREATE INDEX users_by_subject ON users (tenant_id, subject_fold, id);
-- Behind the sort order by name: what a search by words looks at, so that it reads the index alone.
CREATE INDEX users_by_name ON users (tenant_id, name_fold, id, email_fold, subject_fold);
CREATE INDEX users_by_email ON users (tenant_id, email_fold, id);
CREATE INDEX users_by_status ON users (tenant_id, status, id);
CREATE INDEX users_by_creation ON users (tenant_id, created_at, id);

CREATE TABLE user_roles (
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    role_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id, role_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, role_id) REFERENCES roles (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_roles_by_role ON user_roles (tenant_id, role_id, user_id);

CREATE TABLE user_groups (
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id, group_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX user_groups_by_group ON user_groups (tenant_id, group_id, user_id);

CREATE TABLE license_assignments (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    subject TEXT NOT NULL,
    subject_fold TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX license_assignments_by_subject ON license_assignments (tenant_id, subject_fold, subject);

CREATE TABLE api_keys (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    subject_type TEXT NOT NULL,
    subject TEXT NOT NULL,
    description TEXT NOT NULL,
    revoked INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_by_subject ON api_keys (tenant_id, subject, created_at, id);
CREATE INDEX api_keys_by_creation ON api_keys (tenant_id, created_at, id);

-- One row for every change, written with it: what it was, who made it, and what the thing is now.
CREATE TABLE audits (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    revision INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    event_type TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT,
    trace_id TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    data TEXT NOT NULL,
    updates TEXT,
    PRIMARY KEY (tenant_id, revision, ordinal)
) STRICT;

-- The audit rows whose events are not delivered yet.
CREATE TABLE outbox (
    tenant_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, revision, ordinal)
) STRICT, WITHOUT ROWID;

-- The keys of the installation that sign tokens; the private halves are sealed.
CREATE TABLE signing_keys (
    id TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL,
    sealed_private_key BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
