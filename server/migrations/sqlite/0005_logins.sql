-- Who says who somebody is, and who is logged in. What nothing is looked up or sorted by is in the document.
CREATE TABLE identity_providers (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    protocol TEXT NOT NULL,
    active INTEGER NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;

-- The provider that named a user first; it may be gone.
ALTER TABLE users ADD COLUMN provider_id TEXT;

CREATE TABLE sessions (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    secret BLOB NOT NULL,
    user_id TEXT NOT NULL,
    proof TEXT NOT NULL,
    provider_id TEXT,
    scopes TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- Not a change of the tenant, and written now and then only: when the session was last used.
    seen_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (tenant_id, user_id, began_at);
CREATE INDEX sessions_by_end ON sessions (tenant_id, expires_at);

-- Tokens of providers that logged somebody in, until they have ended: none does so twice.
CREATE TABLE used_assertions (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    issuer TEXT NOT NULL,
    jti TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, issuer, jti)
) STRICT, WITHOUT ROWID;
CREATE INDEX used_assertions_by_end ON used_assertions (tenant_id, expires_at);

CREATE TABLE web_integrations (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_fold TEXT NOT NULL,
    origins TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;

ALTER TABLE tenants ADD COLUMN session_inactivity_minutes INTEGER NOT NULL DEFAULT 60;
ALTER TABLE tenants ADD COLUMN session_lifespan_minutes INTEGER NOT NULL DEFAULT 1440;

CREATE TABLE passwords (
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    hash TEXT NOT NULL,
    set_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What users let OAuth clients do: a code first, then tokens.
CREATE TABLE oauth_grants (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    logged_in_at INTEGER NOT NULL,
    code BLOB NOT NULL,
    -- Of a code that was not used yet; none once it was.
    redirect_uri TEXT,
    challenge TEXT,
    nonce TEXT,
    code_expires_at INTEGER NOT NULL,
    refreshes INTEGER NOT NULL,
    refresh BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, client_id) REFERENCES oauth_clients (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_grants_by_user ON oauth_grants (tenant_id, user_id, client_id);
CREATE INDEX oauth_grants_by_client ON oauth_grants (tenant_id, client_id, expires_at);

CREATE TABLE oauth_consents (
    tenant_id TEXT NOT NULL,
    -- The client and the user, with a blank between.
    id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    given_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, client_id) REFERENCES oauth_clients (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

ALTER TABLE oauth_tokens ADD COLUMN family TEXT;
CREATE INDEX oauth_tokens_by_family ON oauth_tokens (tenant_id, family) WHERE family IS NOT NULL;
