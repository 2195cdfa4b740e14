//! Envoy's external authorization over gRPC, asked as Envoy asks.

use std::collections::HashMap;

use rolecall_server::envoy::{Asked, Attributes, CheckRequest, CheckResponse, Head};
use tokio::net::TcpListener;
use tonic::{
    Request,
    client::Grpc,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

use crate::harness::{RUNTIME, Server};

pub struct Envoy(Channel);

impl Envoy {
    pub fn before(server: &Server) -> Self {
        RUNTIME.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(rolecall_server::serve_envoy(server.app.clone(), listener, std::future::pending()));
            Self(Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap())
        })
    }

    pub fn check(&self, headers: &[(&str, &str)], extensions: &[(&str, &str)]) -> CheckResponse {
        let map = |pairs: &[(&str, &str)]| -> HashMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let http = Some(Head { headers: map(headers) });
        let attributes = Attributes { request: Some(Asked { http }), context_extensions: map(extensions) };
        let asked = Request::new(CheckRequest { attributes: Some(attributes) });
        RUNTIME.block_on(async {
            let mut client = Grpc::new(self.0.clone());
            client.ready().await.unwrap();
            let codec: ProstCodec<CheckRequest, CheckResponse> = ProstCodec::default();
            let path = "/envoy.service.auth.v3.Authorization/Check".parse().unwrap();
            client.unary(asked, path, codec).await.unwrap().into_inner()
        })
    }
}

#[test]
fn envoy_lets_through_what_is_allowed() {
    let server = Server::start();
    let envoy = Envoy::before(&server);
    let key = format!("Bearer {}", server.user().key());
    let route = |scope| [("scope", scope)];
    let allowed =
        envoy.check(&[("authorization", &key), (":authority", "shop.example")], &route("api-keys notes"));
    assert_eq!(allowed.status.as_ref().unwrap().code, 0);
    let headers: HashMap<String, String> = allowed
        .allowed
        .unwrap()
        .headers
        .into_iter()
        .filter_map(|option| option.header)
        .map(|header| (header.key, header.value))
        .collect();
    assert_eq!(headers["remote-user"], "acme\\uma@acme.example");
    assert_eq!(headers["x-rolecall-user"], server.user().id());

    for (headers, extensions, code, status) in [
        (&[("authorization", key.as_str())][..], &[("scope", "tenant:administer")][..], 7, 403),
        (&[("authorization", &key)], &[("scope", "notes tenant:administer")], 7, 403),
        (&[("authorization", &key)], &[], 7, 403),
        (&[("authorization", &key)], &[("scope", " ")], 7, 403),
        (&[("authorization", &key), (":authority", "globex.localhost")], &[("scope", "notes")], 16, 401),
        (&[("authorization", "Bearer junk")], &[("scope", "notes")], 16, 401),
        (&[("authorization", "\n")], &[("scope", "notes")], 16, 401),
        (&[], &[("scope", "notes")], 16, 401),
    ] {
        let refused = envoy.check(headers, extensions);
        assert_eq!(refused.status.unwrap().code, code, "{extensions:?}");
        assert_eq!(refused.denied.unwrap().status.unwrap().code, status, "{extensions:?}");
        assert!(refused.allowed.is_none());
    }
    let empty = envoy.check(&[], &[]);
    assert_eq!(empty.status.unwrap().code, 16);
}
