-- Places of content, and who has which roles in them. An owner who goes leaves the space without one: `spaces::sql` takes
-- the identifier out, since a foreign key would take the tenant's as well.
CREATE TABLE spaces (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_fold TEXT NOT NULL,
    kind TEXT NOT NULL,
    description TEXT,
    owner_id TEXT,
    created_at INTEGER NOT NULL,
    created_by TEXT,
    updated_at INTEGER NOT NULL,
    updated_by TEXT,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX spaces_name ON spaces (tenant_id, name_fold);
CREATE INDEX spaces_by_owner ON spaces (tenant_id, owner_id);

-- The assignee is a user or a group; the roles are words with blanks between them.
CREATE TABLE space_assignments (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    space_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    user_id TEXT,
    group_id TEXT,
    roles TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT,
    updated_at INTEGER NOT NULL,
    updated_by TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, space_id) REFERENCES spaces (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX space_assignments_by_user ON space_assignments (tenant_id, user_id, space_id);
CREATE UNIQUE INDEX space_assignments_by_group ON space_assignments (tenant_id, group_id, space_id);
CREATE INDEX space_assignments_by_space ON space_assignments (tenant_id, space_id, created_at, id);
