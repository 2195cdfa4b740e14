// Programs get tokens with the vendor's client, and with a strict client of the standard that nobody here wrote.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { oauthClients, oauthTokens, roles, users } from "@qlik/api";
import * as oauth from "oauth4webapi";
import { as, start } from "./sandbox.mjs";

let sandbox, admin;

before(async () => {
  sandbox = await start();
  admin = as(sandbox, sandbox.tenants[0].adminKey);
});
after(() => sandbox.stop());

async function program(more) {
  const body = { appType: "web", clientName: "Nightly", allowedGrantTypes: ["client_credentials"],
    allowedScopes: ["user_default", "admin_classic"], ...more };
  const made = await oauthClients.createOAuthClient(body, admin);
  assert.equal(made.status, 201);
  return made.data;
}

test("the vendor's client works with a program's token", async () => {
  const { clientId, clientSecret } = await program();
  const asProgram = (scope) => ({ hostConfig: { host: sandbox.url, authType: "oauth2", clientId, clientSecret, scope, noCache: true }, noCache: true });
  const usual = await users.getMyUser(asProgram());
  assert.equal(usual.data.subject, `qlikbot\\${clientId}`);
  const both = asProgram("user_default,admin_classic");
  const role = (await roles.createRole({ name: "By a program" }, both)).data;
  assert.equal((await roles.deleteRole(role.id, both)).status, 204);
  const tokens = (await oauthTokens.getOauthTokens({}, admin)).data.data;
  assert.ok(tokens.some(({ userId }) => userId === usual.data.id));
});

test("clients are listed, changed and deleted", async () => {
  const { clientId } = await program({ clientName: "Changing" });
  await oauthClients.patchOAuthClient(clientId, [{ op: "replace", path: "/clientName", value: "Changed" }], admin);
  const secret = await oauthClients.createOAuthClientSecret(clientId, admin);
  await oauthClients.deleteOAuthClientSecret(clientId, secret.data.hint, admin);
  const listed = await oauthClients.getOAuthClients({ limit: 100, sort: "+clientName" }, admin);
  assert.ok(listed.data.data.some((client) => client.clientName === "Changed"));
  const confirmed = { ...admin, headers: { "qlik-confirm-delete": clientId } };
  assert.equal((await oauthClients.deleteOAuthClient(clientId, confirmed)).status, 204);
});

test("a strict client finds the server, gets a token and ends it", async () => {
  const { clientId, clientSecret } = await program({ clientName: "Strict" });
  const insecure = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(sandbox.url);
  const found = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure });
  const server = await oauth.processDiscoveryResponse(issuer, found);
  const client = { client_id: clientId };
  for (const proof of [oauth.ClientSecretBasic(clientSecret), oauth.ClientSecretPost(clientSecret)]) {
    const answer = await oauth.clientCredentialsGrantRequest(server, client, proof, { scope: "user_default" }, insecure);
    const token = await oauth.processClientCredentialsResponse(server, client, answer);
    assert.deepEqual([token.token_type, token.expires_in, token.scope], ["bearer", 21600, "user_default"]);
    const me = () => oauth.protectedResourceRequest(token.access_token, "GET", new URL("/api/v1/users/me", issuer), undefined, undefined, insecure);
    assert.equal((await (await me()).json()).clientId, clientId);
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, proof, token.access_token, insecure));
    await assert.rejects(me, (error) => error.cause?.[0]?.scheme === "bearer");
  }
  const wrong = await oauth.clientCredentialsGrantRequest(server, client, oauth.ClientSecretBasic("wrong"), {}, insecure);
  await assert.rejects(oauth.processClientCredentialsResponse(server, client, wrong), (error) => error.status === 401);
});

test("a strict client signs for itself", async () => {
  const pair = await crypto.subtle.generateKey({ name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" }, true, ["sign", "verify"]);
  const { kty, n, e } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const { clientId } = await program({ clientName: "Signing", allowedAuthMethods: ["private_key_jwt"],
    publicKeys: [{ kty, n, e, alg: "RS256", use: "sig", kid: "main" }] });
  const insecure = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(sandbox.url);
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure }));
  const proof = oauth.PrivateKeyJwt({ key: pair.privateKey, kid: "main" }, {
    [oauth.modifyAssertion](_header, payload) { payload.aud = server.token_endpoint; },
  });
  const answer = await oauth.clientCredentialsGrantRequest(server, { client_id: clientId }, proof, {}, insecure);
  const token = await oauth.processClientCredentialsResponse(server, { client_id: clientId }, answer);
  assert.ok(token.access_token);
});
