//! What users let clients do: whatever is shown in whatever order, nothing is given twice. (RFC 9700 §4.14, threats T28)

use proptest::prelude::*;
use rolecall_engine::{
    change::{Change, Editor},
    ids::{OAuthClientId, OAuthGrantId, OAuthTokenId, UserId},
    names::Setting,
    oauth::{
        AppType, AuthMethod, ClientSettings, CodeBinding, Consent, GrantType, OAuthClient, OAuthConsent,
        OAuthGrant, OAuthToken, Redeemed,
    },
    scopes::ScopeName,
    time::{Span, Timestamp},
};

use crate::world::{World, cases};

fn scopes(names: &[&str]) -> Vec<ScopeName> {
    names.iter().map(|name| ScopeName::new(name).unwrap()).collect()
}

fn client(world: &World, id: u8) -> OAuthClient {
    let text = |text: &str| Setting::new(text).unwrap();
    let settings = ClientSettings {
        app_type: AppType::Spa,
        name: text("Charts"),
        description: None,
        logo_uri: None,
        client_uri: None,
        jwks_uri: None,
        redirect_uris: vec![text("https://app.example/")],
        allowed_origins: Vec::new(),
        allowed_scopes: scopes(&["user_default", "offline_access", "openid"]),
        grant_types: Vec::new(),
        auth_methods: vec![AuthMethod::ClientSecret],
        public_keys: Vec::new(),
        consent: Consent::Required,
    };
    OAuthClient::create(settings, OAuthClientId::new([id; 16]), None, &world.snapshot, &world.editor())
        .unwrap()
        .value
}

const USER: UserId = UserId::new(1, [7; 8]);

fn begin(client: &OAuthClient, editor: &Editor) -> OAuthGrant {
    let binding = CodeBinding {
        redirect_uri: Setting::new("https://app.example/").unwrap(),
        challenge: "challenge".to_owned(),
        nonce: None,
    };
    let scopes = scopes(&["user_default", "offline_access"]);
    OAuthGrant::begin(OAuthGrantId::new([1; 16]), "code", client, (USER, editor.at), scopes, binding, editor)
        .value
}

/// A grant as the store has it, and the tokens that came of it.
struct Store {
    grant: Option<OAuthGrant>,
    tokens: Vec<OAuthToken>,
}

impl Store {
    fn keep(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::OAuthGrant(delta) => self.grant = delta.after().cloned(),
                Change::OAuthToken(delta) if delta.after().is_none() => {
                    self.tokens.retain(|token| token.id != delta.latest().id);
                }
                Change::OAuthToken(delta) => self.tokens.push(delta.latest().clone()),
                other => panic!("{other:?}"),
            }
        }
    }
}

/// What somebody shows.
#[derive(Debug, Clone)]
enum Shown {
    Code { right: bool },
    Refresh { nth: usize, right: bool },
}

fn shown() -> impl Strategy<Value = Shown> {
    prop_oneof![
        1 => any::<bool>().prop_map(|right| Shown::Code { right }),
        4 => (0_usize..6, prop::bool::weighted(0.9)).prop_map(|(nth, right)| Shown::Refresh { nth, right }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(512)))]

    /// A reference that only counts: the code gives once, the newest refresh token gives once, and anything that is shown
    /// again after it gave ends all.
    #[test]
    fn nothing_is_given_twice(shows in prop::collection::vec(shown(), 1..12)) {
        let world = World::new();
        let (client, editor) = (client(&world, 1), world.editor());
        let mut store = Store { grant: Some(begin(&client, &editor)), tokens: Vec::new() };
        let (mut code_used, mut given, mut ended) = (false, 0_usize, false);
        for (at, show) in shows.iter().enumerate() {
            let new = (OAuthTokenId::new([u8::try_from(at).unwrap(); 16]), &*format!("secret-{given}"));
            let Some(grant) = store.grant.clone() else {
                prop_assert!(ended && store.tokens.is_empty(), "what ended gives nothing and leaves nothing");
                break;
            };
            let tokens = store.tokens.clone();
            let edited = match show {
                Shown::Code { right } => {
                    let code = if *right { "code" } else { "guess" };
                    grant.use_code((code, "challenge", "https://app.example/"), new, &client, tokens, &editor)
                }
                Shown::Refresh { nth, right } => {
                    let secret = if *right { format!("secret-{nth}") } else { "guess".to_owned() };
                    let nth = i64::try_from(*nth).unwrap();
                    grant.refresh((nth, &secret, &[]), new, &client, tokens, &editor)
                }
            };
            let expected = match show {
                Shown::Code { right: true } if code_used => "replayed",
                Shown::Code { right: true } => "given",
                Shown::Refresh { .. } if !code_used => "refused",
                Shown::Refresh { nth, .. } if nth + 1 < given => "replayed",
                Shown::Refresh { nth, right } if nth + 1 == given && *right => "given",
                Shown::Code { .. } | Shown::Refresh { .. } => "refused",
            };
            let found = match &edited.value {
                Redeemed::Given(token) => {
                    prop_assert_eq!(token.grant, GrantType::AuthorizationCode);
                    "given"
                }
                Redeemed::Refused => "refused",
                Redeemed::Replayed => "replayed",
                Redeemed::Narrower(_) => "narrower",
            };
            prop_assert_eq!(found, expected, "{:?}", show);
            match found {
                "given" => {
                    code_used = true;
                    given += 1;
                }
                "replayed" => ended = true,
                _ => prop_assert!(edited.changes.is_empty()),
            }
            store.keep(edited.changes);
        }
    }
}

#[test]
fn a_code_is_bound_and_short_lived() {
    let world = World::new();
    let (ours, theirs, editor) = (client(&world, 1), client(&world, 2), world.editor());
    let new = (OAuthTokenId::new([1; 16]), "next");
    let late = Editor { at: editor.at.plus(Span::from_millis(60_000)), ..editor };
    let with = |code: (&str, &str, &str), client: &OAuthClient, editor: &Editor| {
        begin(&ours, &world.editor()).use_code(code, new, client, Vec::new(), editor)
    };
    let right = ("code", "challenge", "https://app.example/");
    assert!(matches!(with(right, &ours, &editor).value, Redeemed::Given(_)));
    for (code, client, editor, ends) in [
        (("x", "challenge", "https://app.example/"), &ours, &editor, false),
        (right, &theirs, &editor, false),
        (("code", "x", "https://app.example/"), &ours, &editor, true),
        (("code", "challenge", "https://app.example"), &ours, &editor, true),
        (right, &ours, &late, true),
    ] {
        let refused = with(code, client, editor);
        assert_eq!(refused.value, Redeemed::Refused, "{code:?}");
        assert_eq!(!refused.changes.is_empty(), ends, "who knows the code has one guess");
    }
}

#[test]
fn what_a_grant_gives_ends_with_it() {
    let world = World::new();
    let (client, editor) = (client(&world, 1), world.editor());
    let grant = begin(&client, &editor);
    let right = ("code", "challenge", "https://app.example/");
    let edited = grant.use_code(right, (OAuthTokenId::new([1; 16]), "0"), &client, Vec::new(), &editor);
    let mut store = Store { grant: None, tokens: Vec::new() };
    let Redeemed::Given(token) = edited.value.clone() else { panic!("{:?}", edited.value) };
    store.keep(edited.changes);
    let grant = store.grant.clone().unwrap();
    assert!(grant.is_offline() && !grant.is_over(editor.at));
    assert!(grant.is_over(editor.at.plus(Span::from_days(30))));
    let wider = grant.clone().refresh(
        (0, "0", &scopes(&["admin_classic"])),
        (OAuthTokenId::new([2; 16]), "1"),
        &client,
        Vec::new(),
        &editor,
    );
    assert!(matches!(wider.value, Redeemed::Narrower(_)) && wider.changes.is_empty());
    let exchanged = token.exchange(OAuthTokenId::new([3; 16]), &client, &editor).value;
    assert_eq!(exchanged.family, Some(grant.id), "it ends with the grant too");
    assert_eq!(exchanged.scopes, scopes(&["user_default"]));
    assert_eq!(exchanged.expires_at, editor.at.plus(Span::from_millis(300_000)));
    let nearly_over = OAuthToken { expires_at: editor.at.plus(Span::from_millis(5)), ..*token };
    assert_eq!(
        nearly_over.exchange(OAuthTokenId::new([4; 16]), &client, &editor).value.expires_at,
        nearly_over.expires_at
    );
    assert_eq!(grant.end(store.tokens).changes.len(), 2);
}

#[test]
fn a_consent_covers_what_was_allowed() {
    let at = |millis| Editor::system(Timestamp::from_millis(millis));
    let id = OAuthClientId::new([1; 16]);
    let first = OAuthConsent::give(None, id, USER, &scopes(&["openid"]), &at(1)).value;
    assert!(first.covers(&scopes(&["openid"])) && !first.covers(&scopes(&["openid", "profile"])));
    let more = OAuthConsent::give(Some(first.clone()), id, USER, &scopes(&["profile"]), &at(2)).value;
    assert!(more.covers(&scopes(&["openid", "profile"])));
    assert!(
        OAuthConsent::give(Some(more.clone()), id, USER, &scopes(&["openid"]), &at(3)).changes.is_empty()
    );
    assert_eq!(more.take_back().changes.len(), 1);
}
