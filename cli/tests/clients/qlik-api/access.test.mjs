// The vendor's client drives custom roles and their life, unchanged.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { apiKeys, groups, licenses, roles, tenants, users } from "@qlik/api";
import { as, start } from "./sandbox.mjs";

const EVERYONE = "000000000000000000000001";
let sandbox, admin, user, other;

before(async () => {
  sandbox = await start();
  admin = as(sandbox, sandbox.tenants[0].adminKey);
  user = as(sandbox, sandbox.tenants[0].userKey);
  other = as(sandbox, sandbox.tenants[1].adminKey);
});
after(() => sandbox.stop());

const names = (list) => list.map(({ name }) => name);

/** The error that a call ends with. */
async function refused(call) {
  try {
    await call;
  } catch (error) {
    return error;
  }
  assert.fail("it was not refused");
}

test("a custom role is made, read, changed and deleted", async () => {
  const scopes = ["automl-models:approve", "apps.image:export"];
  const made = await roles.createRole({ name: "Custom", description: "by the client", assignedScopes: scopes }, admin);
  assert.equal(made.status, 201);
  assert.deepEqual(made.data.assignedScopes, scopes);
  const id = made.data.id;
  const patched = await roles.patchRole(id, [
    { op: "replace", path: "/assignedScopes", value: ["apps.image:export"] },
    { op: "add", path: "/assignedScopes/-", value: "notes" },
    { op: "remove-value", path: "/assignedScopes", value: "apps.image:export" },
    { op: "replace", path: "/name", value: "Renamed" },
  ], admin);
  assert.equal(patched.status, 204);
  const read = await roles.getRole(id, admin);
  assert.deepEqual([read.data.name, read.data.assignedScopes], ["Renamed", ["notes"]]);
  assert.equal((await roles.deleteRole(id, admin)).status, 204);
  assert.equal((await refused(roles.getRole(id, admin))).status, 404);
});

test("roles are paged through in both directions", async () => {
  for (let n = 0; n < 7; n += 1) await roles.createRole({ name: `Page ${n}` }, admin);
  const query = { filter: 'name sw "Page"', limit: 3, sort: "+name", totalResults: true };
  const first = await roles.getRoles(query, admin);
  assert.equal(first.data.totalResults, 7);
  assert.equal(first.prev, undefined);
  const second = await first.next(admin);
  const third = await second.next(admin);
  assert.deepEqual([first, second, third].map(({ data }) => names(data.data)),
    [["Page 0", "Page 1", "Page 2"], ["Page 3", "Page 4", "Page 5"], ["Page 6"]]);
  assert.equal(third.next, undefined);
  assert.deepEqual(names((await third.prev(admin)).data.data), ["Page 3", "Page 4", "Page 5"]);
});

test("roles are assigned to users and groups, by identifier and by name", async () => {
  const role = (await roles.createRole({ name: "Held", assignedScopes: ["webhooks"] }, admin)).data;
  const byId = (await users.createUser({ subject: "by-id", assignedRoles: [{ id: role.id }] }, admin)).data;
  assert.ok(names(byId.assignedRoles).includes("Held"));
  const byName = (await users.createUser({ subject: "by-name", name: "By name" }, admin)).data;
  const forms = [
    [{ op: "replace", path: "/assignedRoles", value: [{ name: "Held" }] }, ["Held"]],
    [{ op: "add", path: "/assignedRoles/-", value: { name: "Steward" } }, ["Held", "Steward"]],
    [{ op: "remove-value", path: "/assignedRoles", value: { id: role.id } }, ["Steward"]],
    [{ op: "replace", path: "/assignedRoles", value: [{ id: role.id }] }, ["Held"]],
  ];
  for (const [op, expected] of forms) {
    assert.equal((await users.patchUser(byName.id, [op], admin)).status, 204);
    assert.deepEqual(names((await users.getUser(byName.id, {}, admin)).data.assignedRoles), expected);
  }
  const group = (await groups.createGroup({ name: "Holders", providerType: "custom", assignedRoles: [{ name: "Held" }] }, admin)).data;
  await groups.patchGroup(group.id, [{ op: "replace", path: "assignedRoles", value: [{ id: role.id }] }], admin);
  assert.deepEqual(names((await groups.getGroup(group.id, admin)).data.assignedRoles), ["Held"]);
  await users.patchUser(byName.id, [{ op: "add", path: "/assignedGroups/-", value: group.id }], admin);
  const member = (await users.getUser(byName.id, {}, admin)).data;
  assert.deepEqual(names(member.assignedGroups), ["Holders"]);
  assert.equal((await refused(roles.deleteRole(role.id, admin))).status, 403);
  const found = await users.filterUsers({}, { filter: "assignedRoles.name eq 'Held'" }, admin);
  assert.deepEqual(names(found.data.data).sort(), ["By name", "by-id"]);
});

test("Everyone's roles and the auto-assign flags are two things", async () => {
  const settings = await groups.getGroupsSettings(admin);
  assert.equal(settings.data.systemGroups[EVERYONE].name, "com.qlik.Everyone");
  await groups.patchGroupsSettings([{ op: "replace", path: `/systemGroups/${EVERYONE}/assignedRoles`, value: [] }], admin);
  assert.deepEqual((await groups.getGroupsSettings(admin)).data.systemGroups[EVERYONE].assignedRoles, []);
  const { id } = sandbox.tenants[0];
  const flags = ["CreateSharedSpaces", "PrivateAnalyticsContentCreator", "DataServicesContributor"]
    .map((flag) => `autoAssign${flag}RoleToProfessionals`);
  await tenants.patchTenant(id, flags.map((flag) => ({ op: "replace", path: `/${flag}`, value: false })), admin);
  const tenant = (await tenants.getTenant(id, admin)).data;
  assert.ok(flags.every((flag) => tenant[flag] === false));
  const bare = (await users.createUser({ subject: "bare" }, admin)).data;
  assert.deepEqual(bare.assignedRoles, []);
});

test("users/me shows the own roles and nothing else that was not asked for", async () => {
  const me = await users.getMyUser(user);
  assert.ok(names(me.data.assignedRoles).includes("Key maker"));
  const some = await users.getUser("me", { fields: "assignedGroups,assignedRoles" }, user);
  assert.deepEqual(Object.keys(some.data).sort(), ["assignedGroups", "assignedRoles", "id", "links"]);
  assert.deepEqual(names(some.data.assignedGroups), ["Analysts"]);
  const mine = await tenants.getMyTenant(user);
  assert.equal(mine.data.id, sandbox.tenants[0].id);
});

test("errors carry what the client shows", async () => {
  const forbidden = await refused(roles.getRoles({}, user));
  assert.equal(forbidden.status, 403);
  assert.deepEqual([forbidden.data.errors[0].code, forbidden.data.errors[0].title], ["HTTP-403", "Forbidden"]);
  assert.match(forbidden.data.traceId, /^[0-9a-f]{32}$/);
  const wrong = await refused(roles.createRole({ name: "X", assignedScopes: ["no.such"] }, admin));
  assert.equal(wrong.status, 400);
  assert.equal(wrong.data.errors[0].source.pointer, "/assignedScopes/0");
  const stranger = await refused(users.getUsers({}, as(sandbox, "nonsense")));
  assert.equal(stranger.status, 401);
  const elsewhere = await refused(tenants.getTenant(sandbox.tenants[0].id, other));
  assert.deepEqual([elsewhere.status, elsewhere.data.errors[0].code], [404, "TENANTS-8"]);
});

test("API keys are made, used, listed and ended", async () => {
  const made = await apiKeys.createApiKey({ description: "by the client", expiry: "PT1H" }, user);
  assert.equal(made.status, 201);
  const key = as(sandbox, made.data.token);
  assert.equal((await users.getUser("me", {}, key)).status, 200);
  await apiKeys.patchApiKey(made.data.id, [{ op: "replace", path: "/description", value: "renamed" }], user);
  const page = await apiKeys.getApiKeys({ limit: 1 }, user);
  assert.equal(page.data.data[0].description, "renamed");
  assert.equal((await page.next(user)).data.data.length, 1);
  const config = await apiKeys.getApiKeysConfig(sandbox.tenants[0].id, user);
  assert.equal(config.data.max_keys_per_user, 5);
  await apiKeys.deleteApiKey(made.data.id, user);
  assert.equal((await refused(users.getUser("me", {}, key))).status, 401);
});

test("licences are seen and given", async () => {
  const add = await licenses.addLicenseAssignments({ add: [{ subject: "someone", type: "analyzer" }] }, admin);
  assert.deepEqual([add.status, add.data.data[0].status], [207, 201]);
  const page = await licenses.getLicenseAssignments({ limit: 2, sort: "-subject" }, admin);
  assert.equal(page.data.data.length, 2);
  assert.ok((await page.next(admin)).data.data.length > 0);
  const settings = await licenses.updateLicenseSettings({ autoAssignAnalyzer: true }, admin);
  assert.deepEqual(settings.data, { autoAssignAnalyzer: true, autoAssignProfessional: true });
});
