//! An installation to send things to: the sandbox's first tenant, in this process, without a socket.

use std::cell::RefCell;

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use rolecall_engine::catalogue::Catalogue;
use rolecall_server::{
    App, Clock, Db, Edge, Entropy, MasterKey, Settings,
    demo::{COMPANIES, Demo},
};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// An installation, and its administrator.
pub struct Installation {
    runtime: Runtime,
    edge: Edge,
    pub demo: Demo,
    _data: tempfile::TempDir,
}

/// What was answered.
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Installation {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let data = tempfile::tempdir().expect("a folder");
        let (edge, demo) = runtime.block_on(async {
            let settings = Settings::new(MasterKey::new([7; 32]), Catalogue::qlik());
            let db = Db::open_sqlite(&data.path().join("rolecall.db")).expect("a database");
            let app = App::new(db, settings, Clock::default(), Entropy).await.expect("an installation");
            let demo = COMPANIES[0].make(&app).await.expect("a tenant");
            (Edge::new(app), demo)
        });
        Self { runtime, edge, demo, _data: data }
    }

    /// Sends a request of the administrator. Whatever it says, the server is not at fault, and a refusal has its shape.
    pub fn send(&mut self, method: &str, path: &str, body: &[u8]) -> Answer {
        let key = self.demo.admin_key.as_ref().expect("a key");
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "acme.localhost")
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            // Nothing is stored, so that each input meets the same state.
            .header("prefer", "preview")
            .body(Body::from(body.to_vec()))
            .expect("a request");
        let (status, bytes) = self.runtime.block_on(async {
            let answer = self.edge.answer(request).await;
            let status = answer.status().as_u16();
            (status, answer.into_body().collect().await.expect("a body").to_bytes())
        });
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        assert!(status < 500, "{status}: {body}");
        if status >= 400 {
            assert!(body["errors"][0]["code"].is_string() && body["traceId"].is_string(), "{status}: {body}");
        }
        Answer { status, body }
    }
}

/// Works on the one installation of this process.
pub fn with<T>(work: impl FnOnce(&mut Installation) -> T) -> T {
    thread_local! {
        static INSTALLATION: RefCell<Installation> = RefCell::new(Installation::new());
    }
    INSTALLATION.with_borrow_mut(work)
}

/// A text as a parameter of an address.
pub fn encoded(bytes: &[u8]) -> String {
    form_urlencoded::byte_serialize(bytes).collect()
}
