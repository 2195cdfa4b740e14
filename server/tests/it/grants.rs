//! What clients are let do by people is bounded, and ends by nothing that others know. (threats T28, I11)

use rolecall_engine::time::Span;
use serde_json::json;

use crate::{
    authorize::{authorize, code_of, decide, redeem, refresh, sent, spa, text},
    harness::Server,
    logins::{RSA_PUBLIC, jwt_provider, logged_in, with_provider},
    oauth::oauth_error,
    rate_limits::limited,
};

fn tokens(server: &Server) -> i64 {
    server.database.count("oauth_tokens")
}

/// Tokens that are over go with new ones, of whatever grant type, and no grant has too many that are not.
#[test]
fn tokens_do_not_pile_up() {
    let server = with_provider();
    let client = spa(&server, &json!({}));
    let mut given = redeem(&server, &client, &code_of(&server, &client, "nora", &[]));
    for _ in 0..3 {
        given = refresh(&server, &client, &text(&given, "refresh_token"));
    }
    assert_eq!(tokens(&server), 4);
    server.app.clock.advance(Span::from_hours(7));
    given = refresh(&server, &client, &text(&given, "refresh_token"));
    assert_eq!(tokens(&server), 1);
    for _ in 0..104 {
        given = refresh(&server, &client, &text(&given, "refresh_token"));
    }
    assert_eq!(tokens(&server), 100);
    server.client(&text(&given, "access_token")).get("/api/v1/users/me").expect(200);
}

/// Codes stand in addresses and grants in events: what is in them ends nothing, and uses up nobody's limits.
#[test]
fn a_grant_ends_only_by_what_its_client_was_given() {
    let server = limited(1000, 20, 10);
    jwt_provider(&server.admin(), "https://idp.example", "portal-key", RSA_PUBLIC);
    let client = spa(&server, &json!({}));
    let code = code_of(&server, &client, "nora", &[]);
    let grant = code.split_once('.').unwrap().0.to_owned();
    let first = redeem(&server, &client, &code);
    let second = refresh(&server, &client, &text(&first, "refresh_token"));
    let tenant = server.tenants[0].tenant;
    let (token, secret) = (text(&second, "refresh_token"), text(&first, "refresh_token"));
    let (said, _) = token.rsplit_once('.').unwrap();
    let (_, signature) = secret.rsplit_once('.').unwrap();
    let forged = [
        format!("{tenant}.{grant}.0.x"),
        format!("{tenant}.{grant}.0.x.x"),
        format!("{tenant}.{grant}.0.x.{signature}"),
        format!("{said}.{signature}"),
        said.to_owned(),
    ];
    for forged in forged.iter().cycle().take(40) {
        oauth_error(&refresh(&server, &client, forged), 400, "invalid_grant");
        oauth_error(&redeem(&server, &client, &format!("{grant}.x")), 400, "invalid_grant");
    }
    let third = refresh(&server, &client, &token);
    server.client(&text(&third, "access_token")).get("/api/v1/users/me").expect(200);
    // One that was given does end all.
    oauth_error(&refresh(&server, &client, &secret), 400, "invalid_grant");
    assert_eq!(server.client(&text(&third, "access_token")).get("/api/v1/users/me").status, 401);
}

/// Whatever page makes a browser ask: it counts as a write of whoever is logged in, and codes that nobody uses take nothing from
/// a client that is in use.
#[test]
fn codes_without_a_question_are_counted_and_end_nothing() {
    let server = limited(1000, 150, 10);
    jwt_provider(&server.admin(), "https://idp.example", "portal-key", RSA_PUBLIC);
    let client = spa(&server, &json!({}));
    let nora = logged_in(&server, "nora", &json!({}));
    let allowed = decide(&nora, &authorize(&nora, &client, &[]), "allow");
    let given = redeem(&server, &client, &sent(&allowed, "code").unwrap());
    let mut asks = (0..1000).map(|_| authorize(&nora, &client, &[]));
    let refused = asks.find(|answer| answer.status == 429).unwrap();
    assert_eq!(refused.body["error"], "temporarily_unavailable");
    assert_eq!(server.database.count("oauth_grants"), 100);
    server.client(&text(&given, "access_token")).get("/api/v1/users/me").expect(200);
}
