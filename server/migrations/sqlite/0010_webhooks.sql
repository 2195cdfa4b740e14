-- Where events are sent. What nothing is looked up or sorted by is in the document; secrets in it are sealed.
CREATE TABLE webhooks (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_fold TEXT NOT NULL,
    url TEXT NOT NULL,
    url_fold TEXT NOT NULL,
    level TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    origin TEXT NOT NULL,
    event_types TEXT NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT,
    updated_at INTEGER NOT NULL,
    updated_by TEXT,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhooks_by_owner ON webhooks (tenant_id, owner_id, level);

-- Which webhooks are told of events of a type.
CREATE TABLE webhook_event_types (
    tenant_id TEXT NOT NULL,
    webhook_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    event_type TEXT NOT NULL,
    PRIMARY KEY (tenant_id, webhook_id, position),
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_event_types_by_type ON webhook_event_types (tenant_id, event_type, webhook_id);

-- What was sent to a webhook or waits for it, kept for some days, also when the webhook is gone.
CREATE TABLE webhook_deliveries (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    webhook_id TEXT NOT NULL,
    -- The place in the order of events: that of the change, and which of its events it is.
    revision INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    part INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    body TEXT NOT NULL,
    -- Whether it is still to be sent.
    pending INTEGER NOT NULL,
    -- How the last attempt ended: `success`, `fail`, or '' before the first.
    status TEXT NOT NULL,
    status_message TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    -- The request and the answer of the last attempt, as JSON.
    exchange TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    triggered_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (tenant_id, webhook_id, revision, ordinal, part)
    WHERE pending = 1;
CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (tenant_id, webhook_id, triggered_at, id);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at, tenant_id);

-- How far a webhook's queue is: when it is to be sent from next, and which node does so until when.
CREATE TABLE webhook_queues (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    webhook_id TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    -- Counts up whenever something is put in, so that nobody takes the queue for empty meanwhile.
    filled INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    failing_since INTEGER,
    taken_until INTEGER NOT NULL,
    taken_by TEXT NOT NULL,
    PRIMARY KEY (tenant_id, webhook_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_queues_by_time ON webhook_queues (due_at, tenant_id);
