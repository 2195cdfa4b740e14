//! Does what a file speaks of belong there: SQL, HTTP, statuses, the clock?

use super::{Fault, files::File};

/// Files that speak of requests although they have another name.
const SPEAKS_AXUM: &[&str] = &[
    "caller.rs",
    "asking_page.rs",
    "provisioner.rs",
    "access/forward.rs",
    "access/envoy.rs",
    "oauth/consent.rs",
    "login/invited.rs",
];

const PLACES: &[Place] = &[
    Place {
        words: &["rusqlite"],
        allowed: |path| path.starts_with("db/"),
        why: "a driver is used in `db/` only",
    },
    Place {
        words: &["SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM", " WHERE "],
        allowed: |path| path.starts_with("db/") || path.ends_with("sql.rs"),
        why: "SQL stands in `sql.rs` and `db/` only",
    },
    Place {
        words: &["db.write(", ".write::<"],
        allowed: |path| path.starts_with("db/") || path == "write.rs",
        why: "what belongs to a tenant is changed through `write.rs` only",
    },
    Place {
        words: &["db.system(", ".system("],
        allowed: |path| path.starts_with("db/") || ["signing/mod.rs", "operators/mod.rs"].contains(&path),
        why: "only signing keys and operators are stored without a tenant",
    },
    Place {
        words: &["axum::"],
        allowed: |path| {
            let folders = ["http/", "edge/", "serve/"].iter().any(|folder| path.starts_with(folder));
            folders || path.ends_with("/http.rs") || SPEAKS_AXUM.contains(&path)
        },
        why: "axum is used in `http.rs`, `http/`, `edge/`, `serve/` and what stands beside them only",
    },
    Place {
        words: &["StatusCode::"],
        allowed: |path| path.starts_with("http/") || path == "edge/openapi.rs",
        why: "statuses are chosen in `http/` only",
    },
    Place {
        words: &["SystemTime::now", "getrandom::fill"],
        allowed: |path| path == "clock.rs",
        why: "time and randomness come from `clock.rs`",
    },
];

/// Words that only some files may speak, and which.
struct Place {
    words: &'static [&'static str],
    /// Whether a file of the server, by its path in `server/src/`, may speak them.
    allowed: fn(&str) -> bool,
    why: &'static str,
}

pub fn check(files: &[File]) -> Vec<Fault> {
    let server = files.iter().filter_map(|file| Some((file.path.strip_prefix("server/src/")?, file)));
    let mut faults = Vec::new();
    for (path, file) in server {
        for place in PLACES.iter().filter(|place| !(place.allowed)(path)) {
            let code = file.program().lines().filter(|line| !line.trim_start().starts_with("//"));
            let found = code.filter_map(|line| place.words.iter().find(|word| line.contains(**word)));
            faults.extend(found.map(|word| format!("{}: `{word}`: {}", file.path, place.why)));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> usize {
        check(&[File { path: path.into(), text: text.into() }]).len()
    }

    #[test]
    fn words_in_the_wrong_place_are_told() {
        assert_eq!(faults("server/src/roles/mod.rs", "let sql = \"SELECT 1\";"), 1);
        assert_eq!(faults("server/src/roles/sql.rs", "let sql = \"SELECT 1\";"), 0);
        assert_eq!(faults("server/src/roles/mod.rs", "// SELECT 1"), 0);
        assert_eq!(faults("server/src/roles/wire.rs", "use axum::Json;"), 1);
        assert_eq!(faults("server/src/roles/sql.rs", "use rusqlite::Row;"), 1);
        assert_eq!(faults("server/src/roles/http.rs", "StatusCode::OK"), 1);
        assert_eq!(faults("engine/src/roles.rs", "SELECT "), 0);
    }
}
