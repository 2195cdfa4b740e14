-- Programs that may be given tokens. What nothing is looked up or sorted by is in the document.
CREATE TABLE oauth_clients (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_fold TEXT NOT NULL,
    app_type TEXT NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
-- A client is asked for by its identifier alone, before its tenant is known.
CREATE UNIQUE INDEX oauth_clients_by_id ON oauth_clients (id);

CREATE TABLE oauth_tokens (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    grant_type TEXT NOT NULL,
    user_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, client_id) REFERENCES oauth_clients (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_tokens_by_user ON oauth_tokens (tenant_id, user_id, id);
CREATE INDEX oauth_tokens_by_client ON oauth_tokens (tenant_id, client_id, expires_at);

-- The client that acted, for a user or for itself.
ALTER TABLE audits ADD COLUMN client_id TEXT;
