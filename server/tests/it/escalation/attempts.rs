//! Which requests are tried in a state, and what does an answer hand out?

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    alphabet::{
        ASKED, BY_NOBODY, BY_REFRESH, BY_SECRET, GROUP_PATCHES, LOGINS, Line, PROVISIONED, ROLE_PATCHES,
        USER_PATCHES,
    },
    state::{Credential, Reach, State},
};
use crate::{
    authorize::{authorize, code_body, decide, sent},
    harness::{Answer, Client, Server},
    logins::{claims, cookies, log_in, signed, visitor},
    oauth::TOKEN,
};

/// Who came on the way.
pub const NEW: &str = "accomplice";

/// A request that is tried.
pub struct Attempt {
    pub label: String,
    /// The OAuth client that asks, if one does.
    program: String,
    asks: Asks,
}

/// What is sent.
enum Asks {
    Line {
        method: String,
        path: String,
        body: String,
    },
    /// A code for an OAuth client, and a token for it.
    Code {
        app: String,
        scope: &'static str,
    },
    /// A login by a token that an identity provider signs.
    Login {
        issuer: String,
        subject: String,
        groups: &'static [&'static str],
    },
}

impl Attempt {
    pub fn ask(&self, server: &Server, client: &Client) -> Answer {
        match &self.asks {
            Asks::Line { method, path, body } => {
                let confirmed = path.strip_prefix("/api/v1/oauth-clients/").unwrap_or_default();
                // The server closes a connection when it leaves a body unread.
                let client = client.header("qlik-confirm-delete", confirmed);
                let json = body.starts_with(['{', '[']);
                let kind = if json { "application/json" } else { "application/x-www-form-urlencoded" };
                client.send(method, path, (!body.is_empty()).then_some((kind, body.as_bytes())))
            }
            Asks::Code { app, scope } => {
                let page = authorize(client, app, &[("scope", scope)]);
                let answer = if page.status == 200 { decide(client, &page, "allow") } else { page };
                let redirected = answer.headers.contains_key("location");
                let code = redirected.then(|| sent(&answer, "code")).flatten();
                match code {
                    Some(code) => visitor(server).post(TOKEN, code_body(app, &code)),
                    None => answer,
                }
            }
            Asks::Login { issuer, subject, groups } => log_in(
                server,
                &signed(&claims(
                    subject,
                    &json!({"iss": issuer, "groups": groups, "email": "x@idp.example"}),
                )),
            ),
        }
    }
}

/// Puts what is known in place of the words in `<>`; none if one is not known.
fn fill(text: &str, names: &BTreeMap<String, String>) -> Option<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        let (name, after) = after.split_once('>')?;
        filled.push_str(before);
        filled.push_str(names.get(name)?);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

/// All lines that are tried with a user's credential or a program's key.
pub fn asked() -> Vec<(String, String, String)> {
    let mut lines = [owned(ASKED), owned(PROVISIONED)].concat();
    for user in ["me", "Ben", NEW] {
        for (label, body) in USER_PATCHES {
            lines.push(((*label).to_owned(), format!("PATCH /api/v1/users/<{user}>"), (*body).to_owned()));
        }
    }
    for group in ["Everyone", "Crew", "Directors", "Staff", "made group"] {
        for body in GROUP_PATCHES {
            let label = format!("patch_group: roles of {group}");
            lines.push((label, format!("PATCH /api/v1/groups/<{group}>"), (*body).to_owned()));
        }
    }
    for role in ["UserDefault", "AuditAdmin", "Key maker", "Model approver", "made role"] {
        for body in ROLE_PATCHES {
            let label = format!("patch_role: scopes of {role}");
            lines.push((label, format!("PATCH /api/v1/roles/<{role}>"), (*body).to_owned()));
        }
    }
    lines
}

/// What is tried with a session besides: codes for an OAuth client, and tokens for them.
fn codes(names: &BTreeMap<String, String>) -> Vec<Attempt> {
    let scopes = [
        ("decide_authorize", "user_default offline_access"),
        ("decide_authorize: wider", "user_default admin_classic"),
    ];
    let attempt = |(label, scope): (&str, &'static str)| {
        let app = names["browser app"].clone();
        Attempt { label: label.to_owned(), program: app.clone(), asks: Asks::Code { app, scope } }
    };
    scopes.map(attempt).into()
}

/// What is tried by whoever signs for an identity provider.
fn logins(issuer: &str, names: &BTreeMap<String, String>) -> Vec<Attempt> {
    let attempt = |(label, subject, groups): &(&str, &str, &'static [&'static str])| {
        let subject = fill(subject, names)?;
        let asks = Asks::Login { issuer: issuer.to_owned(), subject, groups };
        Some(Attempt { label: (*label).to_owned(), program: String::new(), asks })
    };
    LOGINS.iter().filter_map(attempt).collect()
}

fn owned(lines: &[Line]) -> Vec<(String, String, String)> {
    let owned = |(label, path, body): &Line| ((*label).to_owned(), (*path).to_owned(), (*body).to_owned());
    lines.iter().map(owned).collect()
}

impl State {
    /// What is tried with a credential, or without one.
    pub fn attempts(&self, credential: Option<&Credential>, reach: Option<&Reach>) -> Vec<Attempt> {
        let mut names = self.names.clone();
        names.extend(reach.and_then(|reach| reach.id.clone()).map(|me| ("me".to_owned(), me)));
        let mut know = |name: &str, value: &String| names.insert(name.to_owned(), value.clone());
        let lines = match credential {
            None => [asked(), owned(BY_NOBODY)].concat(),
            Some(Credential::Bearer(token)) => {
                know("token", token);
                asked()
            }
            Some(Credential::Session(_)) => asked(),
            Some(Credential::Secret(client, secret)) => {
                know("client", client);
                know("secret", secret);
                owned(BY_SECRET)
            }
            Some(Credential::Refresh(client, token)) => {
                know("client", client);
                know("refresh token", token);
                owned(BY_REFRESH)
            }
            Some(Credential::Provider(issuer)) => return logins(issuer, &names),
        };
        let attempt = |(label, line, body): &(String, String, String)| {
            let (method, path) = line.split_once(' ').unwrap();
            let asks = Asks::Line {
                method: method.to_owned(),
                path: fill(path, &names)?,
                body: fill(body, &names)?,
            };
            let program = names.get("client").cloned().unwrap_or_default();
            Some(Attempt { label: label.clone(), program, asks })
        };
        // Which kind a key is of does not change, so what is not for its kind is tried once.
        let fits = |(_, line, _): &&(String, String, String)| {
            let provisions = reach.is_some_and(|reach| reach.powers.contains("provisions"));
            self.steps == 0 || provisions == line.contains("/scim/")
        };
        let mut attempts: Vec<Attempt> = lines.iter().filter(fits).filter_map(attempt).collect();
        if matches!(credential, Some(Credential::Session(_))) {
            attempts.extend(codes(&names));
        }
        attempts
    }
}

/// The credentials that an answer hands out.
pub fn handed_out(attempt: &Attempt, answer: &Answer) -> Vec<(&'static str, Credential)> {
    let text = |name: &str| answer.body[name].as_str().map(str::to_owned);
    let mut handed = Vec::new();
    if answer.status >= 300 {
        return handed;
    }
    handed.extend(text("token").map(|token| ("API key", Credential::Bearer(token))));
    handed.extend(text("access_token").map(|token| ("access token", Credential::Bearer(token))));
    let refresh = text("refresh_token").map(|token| Credential::Refresh(attempt.program.clone(), token));
    handed.extend(refresh.map(|refresh| ("refresh token", refresh)));
    let secret = text("clientId").zip(text("clientSecret"));
    handed.extend(secret.map(|(client, secret)| ("client secret", Credential::Secret(client, secret))));
    if cookies(answer).contains("eas.sid=") {
        handed.push(("session", Credential::Session(cookies(answer))));
    }
    if attempt.label.starts_with("create_identity_provider") {
        let issuer = answer.body["options"]["issuer"].as_str().unwrap();
        handed.push(("signing key", Credential::Provider(issuer.to_owned())));
    }
    handed
}

/// What an answer says was made, as later requests call it.
pub fn made(attempt: &Attempt, answer: &Answer) -> Option<(String, String)> {
    let name = match operation(&attempt.label) {
        "create_user" | "create_scim_user" => NEW,
        "create_group" | "create_scim_group" => "made group",
        "create_role" => "made role",
        "create_space" => "made space",
        _ => return None,
    };
    Some((name.to_owned(), answer.body["id"].as_str()?.to_owned()))
}

/// The operation that a label is about.
pub fn operation(label: &str) -> &str {
    label.split(':').next().unwrap_or_default()
}
