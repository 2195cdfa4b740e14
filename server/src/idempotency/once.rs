//! What is a request that is to be done once?

use std::sync::OnceLock;

use aws_lc_rs::digest::{Context, SHA256};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_engine::{change::Editor, ids::TenantId};

/// A request that was given a name.
#[derive(Debug)]
pub struct Once {
    name: String,
    /// A hash of all that it asks for.
    pub request: String,
    done: OnceLock<Done>,
}

/// A request that is done: of which tenant, and what it is called there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    pub tenant: TenantId,
    pub id: String,
}

impl Once {
    /// A request with a name: its method, its address and its body.
    pub fn new(name: &str, request: [&[u8]; 3]) -> Self {
        Self { name: name.to_owned(), request: hash(request), done: OnceLock::new() }
    }

    /// What the request is called among those of everybody: names of others are others.
    pub fn id(&self, editor: &Editor) -> String {
        let Editor { user, client, provider, .. } = editor;
        hash([
            self.name.as_bytes(),
            format!("{user:?} {client:?}").as_bytes(),
            format!("{provider:?}").as_bytes(),
        ])
    }

    /// Notes that it is done, now that it is durable.
    pub fn set_done(&self, done: Done) {
        let _ = self.done.set(done);
    }

    /// Whether this request, and not one before it, has done it.
    pub fn done(&self) -> Option<&Done> {
        self.done.get()
    }
}

fn hash(parts: [&[u8]; 3]) -> String {
    let mut hash = Context::new(&SHA256);
    for part in parts {
        hash.update(&part.len().to_be_bytes());
        hash.update(part);
    }
    URL_SAFE_NO_PAD.encode(hash.finish())
}

#[cfg(test)]
mod tests {
    use rolecall_engine::time::Timestamp;

    use super::*;

    #[test]
    fn requests_are_told_apart_by_all_they_ask_for_and_by_who_asks() {
        let one = Once::new("a", [b"POST", b"/x", b"{}"]);
        assert_eq!(one.request, Once::new("b", [b"POST", b"/x", b"{}"]).request);
        assert_ne!(one.request, Once::new("a", [b"POST", b"/", b"x{}"]).request);
        let system = Editor::system(Timestamp::EPOCH);
        let user = Editor { user: Some("65a000000000000000000001".parse().unwrap()), ..system };
        assert_ne!(one.id(&system), one.id(&user));
        assert_ne!(one.id(&user), Once::new("b", [b"", b"", b""]).id(&user));
    }
}
