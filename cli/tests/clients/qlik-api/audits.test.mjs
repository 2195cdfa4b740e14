// The vendor's client reads the audit trail, unchanged.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { audits, roles } from "@qlik/api";
import { as, start } from "./sandbox.mjs";

let sandbox, admin;

before(async () => {
  sandbox = await start();
  admin = as(sandbox, sandbox.tenants[0].adminKey);
});
after(() => sandbox.stop());

test("what happened is listed, paged through and read", async () => {
  const made = await roles.createRole({ name: "Audited" }, admin);
  const first = await audits.getAudits({ limit: 3, sort: "-eventTime" }, admin);
  const [newest] = first.data.data;
  assert.deepEqual([newest.eventType, newest.data.id], ["com.qlik.core.role.created", made.data.id]);
  assert.deepEqual((await audits.getAudit(newest.id, admin)).data, newest);
  const second = await first.next(admin);
  const back = await second.prev(admin);
  assert.deepEqual(back.data.data, first.data.data);
  const typed = await audits.getAudits({ eventType: newest.eventType, userId: newest.userId, limit: 1 }, admin);
  assert.equal(typed.data.data[0].id, newest.id);
});

test("the archive, settings, sources and types are read", async () => {
  assert.deepEqual((await audits.getArchivedAudits({ date: "2020-01-01" }, admin)).data, { data: [] });
  const settings = await audits.getAuditsSettings(admin);
  assert.deepEqual(settings.data.data, { EventTTL: 7776000, ArchiveEnabled: true });
  assert.ok((await audits.getAuditSources(admin)).data.data.includes("com.qlik/identities"));
  assert.ok((await audits.getAuditTypes(admin)).data.data.includes("com.qlik.core.user.created"));
});
