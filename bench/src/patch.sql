\set n random(1, :writers)
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT 1 FROM tenants WHERE tenant_id = (SELECT tenant_id FROM bench_writers WHERE n = :n) FOR UPDATE;
SELECT revision FROM tenants WHERE tenant_id = (SELECT tenant_id FROM bench_writers WHERE n = :n);
SELECT u.* FROM users u JOIN bench_writers w ON w.tenant_id = u.tenant_id AND w.user_id = u.id WHERE w.n = :n;
UPDATE users u SET name = 'Patched ' || :client_id, name_fold = 'patched ' || :client_id, updated_at = u.updated_at + 1
FROM bench_writers w WHERE w.n = :n AND w.tenant_id = u.tenant_id AND w.user_id = u.id;
SELECT audit_sequence, audit_at, audit_hash FROM tenants WHERE tenant_id = (SELECT tenant_id FROM bench_writers WHERE n = :n);
INSERT INTO audits (tenant_id, sequence, revision, ordinal, event_type, source, at, actor, trace_id, resource_id, data, updates, hash)
SELECT t.tenant_id, t.audit_sequence + 1, t.revision + 1, 0, 'com.qlik.core.user.updated', 'com.qlik/identities', t.audit_at + 1, w.user_id,
    repeat('a', 32), w.user_id, repeat('x', 600), repeat('y', 80), repeat('h', 64)
FROM tenants t JOIN bench_writers w ON w.tenant_id = t.tenant_id WHERE w.n = :n;
UPDATE tenants SET audit_sequence = audit_sequence + 1, audit_at = audit_at + 1, audit_hash = repeat('h', 64)
WHERE tenant_id = (SELECT tenant_id FROM bench_writers WHERE n = :n);
INSERT INTO outbox (tenant_id, revision, ordinal)
SELECT tenant_id, revision + 1, 0 FROM tenants WHERE tenant_id = (SELECT tenant_id FROM bench_writers WHERE n = :n);
UPDATE tenants SET revision = revision + 1 WHERE tenant_id = (SELECT tenant_id FROM bench_writers WHERE n = :n);
COMMIT;
