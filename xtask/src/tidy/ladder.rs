//! Does a file use only what stands on its own rung or below?

use std::collections::BTreeSet;

use super::{Fault, files::File, imports};

/// The rungs of the server, the lowest first. A file stands where its path does, else its folder, else its name in any folder.
const RUNGS: &[&[&str]] = &[
    &[
        "error.rs",
        "catalogue.rs",
        "clock.rs",
        "metrics/",
        "seal.rs",
        "spans.rs",
        "trace.rs",
        "links.rs",
        "limits.rs",
        "egress.rs",
        "idempotency/answer.rs",
        "idempotency/once.rs",
        "lease.rs",
        "sabotage.rs",
        "written.rs",
        "etag.rs",
    ],
    &["mail.rs"],
    &["db/"],
    &[
        "*/sql.rs",
        "audits/record.rs",
        "audits/archive.rs",
        "audits/chain.rs",
        "audits/event.rs",
        "audits/event/",
        "audits/id.rs",
        "audits/members.rs",
    ],
    &[
        "events/signal.rs",
        "signing/",
        "snapshots/kept.rs",
        "credentials/mod.rs",
        "credentials/assertion.rs",
        "credentials/cookies.rs",
        "credentials/discovery.rs",
        "credentials/invitation.rs",
        "credentials/keys.rs",
        "credentials/operator.rs",
        "credentials/password.rs",
    ],
    &["app.rs"],
    &["snapshots/", "credentials/verify.rs", "asking_page.rs"],
    &["caller.rs", "provisioner.rs", "nodes.rs"],
    &["write.rs", "http/"],
    &[
        "*/wire.rs",
        "*/mod.rs",
        "login/assertion.rs",
        "login/password.rs",
        "login/oidc.rs",
        "oauth/authorize.rs",
        "oauth/redeem.rs",
        "oauth/identity.rs",
        "users/leaving.rs",
        "scim/groups.rs",
        "scim/patch.rs",
        "scim/path.rs",
        "scim/schema.rs",
        "login/invitation.rs",
        "tenants/found.rs",
        "tenants/purge.rs",
        "audits/retain.rs",
        "audits/verify.rs",
        "webhook_deliveries/fill.rs",
        "webhook_deliveries/queue.rs",
        "webhook_deliveries/run.rs",
        "webhook_deliveries/send.rs",
        "webhook_deliveries/sign.rs",
    ],
    &[
        "*/http.rs",
        "access/forward.rs",
        "access/envoy.rs",
        "explain/impact.rs",
        "oauth/consent.rs",
        "login/invited.rs",
    ],
    &["edge/", "setup.rs", "demo.rs"],
    &["serve/"],
    &["lib.rs"],
];

fn rung(path: &str) -> Option<usize> {
    let first = |fits: &dyn Fn(&str) -> bool| {
        RUNGS.iter().position(|patterns| patterns.iter().any(|pattern| fits(pattern)))
    };
    let by_folder = |pattern: &str| pattern.ends_with('/') && path.starts_with(pattern);
    let by_name = |pattern: &str| {
        pattern
            .strip_prefix("*/")
            .is_some_and(|name| path.split_once('/').is_some_and(|(_, file)| file == name))
    };
    first(&|pattern| pattern == path).or_else(|| first(&by_folder)).or_else(|| first(&by_name))
}

pub fn check(files: &[File]) -> Vec<Fault> {
    let server: Vec<(&str, &File)> =
        files.iter().filter_map(|file| Some((file.path.strip_prefix("server/src/")?, file))).collect();
    let known: BTreeSet<String> = server.iter().map(|(path, _)| (*path).to_owned()).collect();
    let mut faults = Vec::new();
    for (path, file) in server {
        let Some(own) = rung(path) else {
            faults.push(format!("{}: stands on no rung of the ladder", file.path));
            continue;
        };
        let above = imports::of(file, path, &known)
            .into_iter()
            .filter(|used| rung(used).is_some_and(|rung| rung > own));
        faults.extend(above.map(|used| format!("{}: uses `{used}`, which stands above it", file.path)));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(files: &[(&str, &str)]) -> Vec<Fault> {
        let file =
            |(path, text): &(&str, &str)| File { path: format!("server/src/{path}"), text: (*text).into() };
        check(&files.iter().map(file).collect::<Vec<_>>())
    }

    #[test]
    fn who_reaches_up_is_told() {
        let below = ("roles/sql.rs", "use crate::db::Reader;");
        let db = ("db/mod.rs", "use crate::error::Error;");
        let error = ("error.rs", "");
        assert!(faults(&[below, db, error]).is_empty());
        assert_eq!(faults(&[("db/mod.rs", "use crate::roles::sql;"), ("roles/sql.rs", ""), error]).len(), 1);
        assert_eq!(faults(&[("roles/wire.rs", "use super::http::x;"), ("roles/http.rs", "")]).len(), 1);
        assert_eq!(faults(&[("nowhere.rs", "")]).len(), 1);
    }
}
