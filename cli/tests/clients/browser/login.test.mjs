// A person in a real browser: logging in by a password, by another Rolecall, letting a program act, and logging out.

import assert from "node:assert/strict";
import dns from "node:dns";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";

import * as oauth from "oauth4webapi";
import { chromium } from "playwright-core";

import { start } from "../qlik-api/sandbox.mjs";

let here, there, browser;

// Browsers know that names under `localhost` are this machine (RFC 6761 §6.3); Node asks the resolver.
const resolve = dns.lookup;
dns.lookup = (name, options, done) => resolve(name.endsWith(".localhost") ? "localhost" : name, options, done);

before(async () => {
  [here, there] = await Promise.all([start(), start()]);
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
});

after(async () => {
  await browser?.close();
  await Promise.all([here?.stop(), there?.stop()]);
});

/** Where a tenant of a sandbox is, as a browser finds it. */
const at = (sandbox, tenant) => `http://${tenant.hostname}:${new URL(sandbox.url).port}`;

/** A request with an administrator's key. */
async function ask(sandbox, tenant, method, path, body) {
  const answer = await fetch(sandbox.url + path, {
    method,
    headers: { authorization: `Bearer ${tenant.adminKey}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.status === 204 ? undefined : answer.json();
}

/** A fresh browser: no cookies of anybody. Whatever is wrong on a page fails the test. */
async function visit(address) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => message.type() === "error" && !message.text().includes("401") && faults.push(message.text()));
  await page.goto(address);
  return { page, faults, context };
}

async function show(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name}.png` });
}

async function logIn(page, name, password) {
  await page.getByLabel("User name or e-mail address").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

/** Who is logged in, asked from a page of the tenant that may ask. */
async function who(page, sandbox, tenant) {
  await page.goto(`${at(sandbox, tenant)}/docs`);
  return page.evaluate(async () => {
    const answer = await fetch("/api/v1/users/me");
    return { status: answer.status, me: answer.ok ? await answer.json() : undefined };
  });
}

test("by a password, and out again", async () => {
  const acme = here.tenants[0];
  const { page, faults, context } = await visit(`${at(here, acme)}/login`);
  await show(page, "login");
  await logIn(page, acme.userEmail, "not the password");
  await page.getByRole("alert").getByText("The name or the password is wrong.").waitFor();
  await show(page, "wrong");
  await logIn(page, acme.userEmail, acme.password);
  await page.getByRole("heading", { name: "You are logged in" }).waitFor();
  await show(page, "logged-in");
  const cookies = await context.cookies();
  assert.deepEqual(cookies.map((cookie) => cookie.name).sort(), ["_csrfToken", "eas.sid", "eas.sid.sig"]);
  assert.ok(cookies.every((cookie) => cookie.httpOnly && cookie.domain === acme.hostname));
  // A page of the tenant uses the session as the vendor's client does.
  await page.goto(`${at(here, acme)}/docs`);
  const asked = await page.evaluate(async () => {
    const me = await (await fetch("/api/v1/users/me")).json();
    const token = (await fetch("/api/v1/csrf-token")).headers.get("qlik-csrf-token");
    const change = async (headers) => (await fetch(`/api/v1/users/${me.id}`, {
      method: "PATCH",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify([{ op: "replace", path: "/preferredLocale", value: "de" }]),
    })).status;
    return { email: me.email, without: await change({}), with: await change({ "qlik-csrf-token": token }) };
  });
  assert.deepEqual(asked, { email: acme.userEmail, without: 403, with: 204 });
  await page.goto(`${at(here, acme)}/login`);
  await page.getByRole("link", { name: "Log out" }).click();
  await page.getByText("You are logged out.").waitFor();
  assert.deepEqual(await context.cookies(), []);
  assert.equal((await who(page, here, acme)).status, 401);
  assert.deepEqual(faults.filter((fault) => !fault.includes("Content Security Policy") && !fault.includes("403")), []);
  await context.close();
});

test("by another Rolecall that says who it is", async () => {
  const [acme, globex] = [here.tenants[0], there.tenants[1]];
  const client = await ask(there, globex, "POST", "/api/v1/oauth-clients", {
    appType: "web", clientName: "Acme", redirectUris: [`${at(here, acme)}/login/callback`],
    allowedScopes: ["openid", "profile", "email"],
  });
  const provider = await ask(here, acme, "POST", "/api/v1/identity-providers", {
    protocol: "OIDC", provider: "generic", interactive: true, description: "Globex",
    pendingOptions: {
      discoveryUrl: `${at(there, globex)}/.well-known/openid-configuration`,
      clientId: client.clientId, clientSecret: client.clientSecret, emailVerifiedAlwaysTrue: true, realm: "globex",
      claimsMapping: { sub: ["/sub"], name: ["/name"], email: ["/email"], groups: ["/groups"] },
    },
  });
  await ask(here, acme, "PATCH", `/api/v1/identity-providers/${provider.id}`,
    [{ op: "promote-options", path: "/options", value: true }]);
  await ask(here, acme, "PATCH", "/api/v1/groups/settings", [{ op: "replace", path: "/autoCreateGroups", value: true }]);

  const { page, faults, context } = await visit(`${at(here, acme)}/login`);
  await page.getByRole("link", { name: "Continue with Globex" }).click();
  assert.ok(page.url().startsWith(`${at(there, globex)}/login`), page.url());
  await logIn(page, globex.userEmail, globex.password);
  await page.getByRole("heading", { name: "Allow Acme?" }).waitFor();
  await show(page, "consent");
  await page.getByRole("button", { name: "Allow", exact: true }).click();
  await page.getByRole("heading", { name: "You are logged in" }).waitFor();
  assert.ok(page.url().startsWith(`${at(here, acme)}/login`), page.url());
  const { me } = await who(page, here, acme);
  assert.equal(me.email, globex.userEmail);
  assert.ok(me.subject.startsWith("globex\\"), me.subject);
  assert.deepEqual(me.assignedGroups.map((group) => group.name), ["Readers"]);
  await page.goto(`${at(here, acme)}/login`);
  await page.getByRole("link", { name: "Log out" }).click();
  await page.getByText("You are logged out.").waitFor();
  assert.equal((await who(page, here, acme)).status, 401);
  assert.deepEqual(faults, []);
  await context.close();
});

test("a strict client acts for whoever lets it, until it is told to end", async () => {
  const acme = here.tenants[0];
  const issuer = new URL(at(here, acme));
  const back = "http://127.0.0.1:1/back";
  const { clientId } = await ask(here, acme, "POST", "/api/v1/oauth-clients", {
    appType: "native", clientName: "Notebook", redirectUris: [back],
    allowedScopes: ["user_default", "offline_access", "openid", "email"],
  });
  const insecure = { [oauth.allowInsecureRequests]: true };
  const found = await oauth.discoveryRequest(issuer, { algorithm: "oidc", ...insecure });
  const server = await oauth.processDiscoveryResponse(issuer, found);
  const client = { client_id: clientId };
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const address = new URL(server.authorization_endpoint);
  address.search = new URLSearchParams({
    client_id: clientId, redirect_uri: back, response_type: "code", scope: "openid email user_default offline_access",
    state, nonce, code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
  });

  const { page, context } = await visit(address.href);
  await logIn(page, acme.userEmail, acme.password);
  await page.getByRole("heading", { name: "Allow Notebook?" }).waitFor();
  // Nobody listens there: the browser stays, and where it was sent is seen.
  const [sent] = await Promise.all([
    page.waitForRequest((request) => request.url().startsWith(back)),
    page.getByRole("button", { name: "Allow", exact: true }).click(),
  ]);
  await context.close();

  const answered = oauth.validateAuthResponse(server, client, new URL(sent.url()), state);
  const nobody = oauth.None();
  const redeemed = await oauth.authorizationCodeGrantRequest(server, client, nobody, answered, back, verifier, insecure);
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, redeemed, { expectedNonce: nonce, requireIdToken: true });
  await oauth.validateApplicationLevelSignature(server, redeemed, insecure);
  const claims = oauth.getValidatedIdTokenClaims(tokens);
  assert.equal(claims.email, acme.userEmail);
  const me = (token) => oauth.protectedResourceRequest(token, "GET", new URL("/api/v1/users/me", issuer), undefined, undefined, insecure);
  assert.equal((await (await me(tokens.access_token)).json()).email, acme.userEmail);

  const refresh = async (token) => oauth.processRefreshTokenResponse(server, client,
    await oauth.refreshTokenGrantRequest(server, client, nobody, token, insecure));
  const later = await refresh(tokens.refresh_token);
  assert.equal((await me(later.access_token)).status, 200);
  await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, nobody, later.refresh_token, insecure));
  await assert.rejects(me(later.access_token), (error) => error.cause?.[0]?.scheme === "bearer");
  await assert.rejects(refresh(later.refresh_token), (error) => error.error === "invalid_grant");
});
