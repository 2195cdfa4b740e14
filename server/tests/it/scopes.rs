//! The catalogue of scopes.

use crate::harness::Server;

#[test]
fn anybody_reads_the_catalogue() {
    let server = Server::start();
    let scopes = server.user().get("/rolecall/v1/scopes");
    let all = scopes.expect(200)["data"].as_array().unwrap();
    assert_eq!(all.len(), 228);
    let export = all.iter().find(|scope| scope["name"] == "apps.image:export").unwrap();
    assert_eq!((&export["level"], &export["customRole"]), (&"user".into(), &true.into()));
    let nested = all.iter().find(|scope| scope["name"] == "write-table:access").unwrap();
    assert_eq!(nested["parent"], "write-table:full");
    server.anonymous().get("/rolecall/v1/scopes").refused(401, "HTTP-401");
}
