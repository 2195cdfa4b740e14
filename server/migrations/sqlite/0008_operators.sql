-- Programs that make and end tenants. They belong to the installation and to no tenant.
CREATE TABLE operators (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    hint TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- An operator has a client of the same identifier in each tenant it made.
DROP INDEX oauth_clients_by_id;
CREATE INDEX oauth_clients_by_id ON oauth_clients (id, tenant_id);

-- When all of a tenant that is disabled is deleted, and the hash of the licence key that a tenant was made with.
ALTER TABLE tenants ADD COLUMN purge_at INTEGER;
ALTER TABLE tenants ADD COLUMN license_hash BLOB;
CREATE INDEX tenants_by_purge ON tenants (purge_at) WHERE purge_at IS NOT NULL;
