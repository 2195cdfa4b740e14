-- Requests that were given a name, so that they are done once however often they are sent: what each asked for, and what it was
-- answered. The answer is sealed: it may hold a secret that is shown once.
CREATE TABLE idempotency_keys (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    request TEXT NOT NULL,
    answer BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (tenant_id, created_at);
