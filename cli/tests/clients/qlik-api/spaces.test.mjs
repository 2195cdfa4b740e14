// The vendor's client makes spaces and gives roles in them, unchanged.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { spaces, users } from "@qlik/api";
import { as, start } from "./sandbox.mjs";

const EVERYONE = "000000000000000000000001";
let sandbox, admin, user;

before(async () => {
  sandbox = await start();
  admin = as(sandbox, sandbox.tenants[0].adminKey);
  user = as(sandbox, sandbox.tenants[0].userKey);
});
after(() => sandbox.stop());

async function refused(call) {
  try {
    await call;
  } catch (error) {
    return error;
  }
  assert.fail("it was not refused");
}

test("a space is made, changed, shared and deleted", async () => {
  assert.deepEqual((await spaces.getSpaceTypes(user)).data.data, ["shared", "managed", "data"]);
  const made = await spaces.createSpace({ name: "Finance", type: "managed" }, admin);
  assert.equal(made.status, 201);
  const { id } = made.data;
  assert.ok(made.data.meta.actions.includes("change_owner") && made.data.meta.assignableRoles.includes("publisher"));
  const patched = await spaces.patchSpace(id, [{ op: "replace", path: "/description", value: "about" }], admin);
  assert.deepEqual([patched.status, patched.data.description], [200, "about"]);
  assert.equal((await spaces.updateSpace(id, { name: "Finances" }, admin)).data.name, "Finances");
  assert.equal((await refused(spaces.getSpace(id, user))).status, 404);
  const me = (await users.getMyUser(user)).data;
  const held = await spaces.createSpaceAssignment(id, { type: "user", assigneeId: me.id, roles: ["consumer"] }, admin);
  assert.equal(held.status, 201);
  assert.deepEqual((await spaces.getSpace(id, user)).data.meta.roles, ["consumer"]);
  await spaces.updateSpaceAssignment(id, held.data.id, { roles: ["publisher"] }, admin);
  const publishable = await spaces.getSpaces({ action: "publish", roles: ["publisher", "facilitator"] }, user);
  assert.deepEqual(publishable.data.data.map(({ name }) => name), ["Finances"]);
  const taken = await refused(spaces.createSpaceAssignment(id, { type: "user", assigneeId: me.id, roles: ["consumer"] }, admin));
  assert.deepEqual([taken.status, taken.data.errors[0].meta.source.pointer, taken.data.code], [409, "/assigneeId", "HTTP-409"]);
  assert.equal((await spaces.getSpaceAssignments(id, { assigneeId: me.id }, admin)).data.meta.count, 1);
  assert.equal((await spaces.deleteSpaceAssignment(id, held.data.id, admin)).status, 204);
  assert.equal((await spaces.deleteSpace(id, admin)).status, 204);
});

test("spaces and assignments are paged through in both directions", async () => {
  for (let n = 0; n < 5; n += 1) await spaces.createSpace({ name: `Page ${n}`, type: "shared" }, user);
  const first = await spaces.getSpaces({ name: "PAGE", limit: 3, sort: "+name", type: "shared,data" }, user);
  assert.equal(first.data.meta.count, 5);
  const second = await first.next(user);
  assert.deepEqual(second.data.data.map(({ name }) => name), ["Page 3", "Page 4"]);
  assert.equal(second.next, undefined);
  assert.deepEqual((await second.prev(user)).data.data, first.data.data);
  const { id } = first.data.data[0];
  await spaces.createSpaceAssignment(id, { type: "group", assigneeId: EVERYONE, roles: ["consumer"] }, user);
  const me = (await users.getMyUser(admin)).data;
  await spaces.createSpaceAssignment(id, { type: "user", assigneeId: me.id, roles: ["producer"] }, user);
  const one = await spaces.getSpaceAssignments(id, { limit: 1 }, user);
  assert.deepEqual([one.data.data[0].type, one.data.meta.count], ["group", 2]);
  assert.equal((await one.next(user)).data.data[0].type, "user");
});
