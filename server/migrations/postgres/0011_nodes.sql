-- What several nodes agree by. It says nothing of a tenant that the other tables do not say, and is not copied.

-- Which nodes there are, and how far each has come: all that was committed before its watermark, it knows.
CREATE TABLE nodes (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- Begins anew with each connection of the node.
    epoch TEXT COLLATE "C" NOT NULL,
    watermark XID8 NOT NULL,
    -- For how long after it was last seen the node may answer, in milliseconds.
    lease BIGINT NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL
);

-- The tenants that were changed lately. The transaction is what puts them in order for readers: one with a smaller number can
-- end later.
CREATE TABLE feed (
    transaction XID8 NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL,
    written_at TIMESTAMP WITH TIME ZONE NOT NULL
);
CREATE INDEX feed_by_transaction ON feed (transaction);
CREATE INDEX feed_by_time ON feed (written_at);

-- With every change of a tenant, whoever makes it.
CREATE FUNCTION feed_nodes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed VALUES (pg_current_xact_id(), NEW.tenant_id, NEW.revision, now());
    RETURN NULL;
END
$$;
CREATE TRIGGER feed_nodes AFTER INSERT OR UPDATE OF revision ON tenants FOR EACH ROW EXECUTE FUNCTION feed_nodes();
