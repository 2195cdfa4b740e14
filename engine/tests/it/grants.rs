//! What users let clients do: whatever is shown in whatever order, nothing is given twice. (RFC 9700 §4.14, threats T28)

use proptest::prelude::*;
use rolecall_engine::{
    change::{Change, Editor},
    ids::{OAuthClientId, OAuthGrantId, OAuthTokenId, UserId},
    names::Setting,
    oauth::{
        AppType, AuthMethod, ClientSettings, CodeBinding, Consent, GrantType, Hashed, OAuthClient,
        OAuthConsent, OAuthGrant, OAuthToken, Redeemed, Stage,
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
    OAuthClient::create(settings, OAuthClientId::new([id; 16]), None, 0, &world.snapshot, &world.editor())
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
    OAuthGrant::begin(
        OAuthGrantId::new([1; 16]),
        "code",
        client,
        (USER, Some(editor.at)),
        scopes,
        binding,
        editor,
    )
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
            let shown = grant.clone();
            let edited = match show {
                Shown::Code { right } => {
                    let code = if *right { "code" } else { "guess" };
                    shown.use_code((code, "challenge", "https://app.example/"), new, &client, &editor)
                }
                Shown::Refresh { nth, right } => {
                    let secret = if *right { format!("secret-{nth}") } else { "guess".to_owned() };
                    let nth = i64::try_from(*nth).unwrap();
                    shown.refresh((nth, &secret, &[]), new, &client, &editor)
                }
            };
            let expected = match show {
                Shown::Code { right: true } if code_used => "spent",
                Shown::Code { right: true } => "given",
                Shown::Refresh { .. } if !code_used => "refused",
                Shown::Refresh { nth, .. } if nth + 1 < given => "spent",
                Shown::Refresh { nth, right } if nth + 1 == given && *right => "given",
                Shown::Code { .. } | Shown::Refresh { .. } => "refused",
            };
            let found = match &edited.value {
                Redeemed::Given(token) => {
                    prop_assert_eq!(token.grant, GrantType::AuthorizationCode);
                    "given"
                }
                Redeemed::Refused => "refused",
                Redeemed::Spent => "spent",
                Redeemed::Narrower(_) => "narrower",
            };
            prop_assert_eq!(found, expected, "{:?}", show);
            match found {
                "given" => {
                    code_used = true;
                    given += 1;
                }
                "spent" => ended = true,
                _ => {}
            }
            prop_assert_eq!(found == "given", !edited.changes.is_empty());
            store.keep(if ended { grant.end(store.tokens.clone()).changes } else { edited.changes });
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
        begin(&ours, &world.editor()).use_code(code, new, client, editor)
    };
    let right = ("code", "challenge", "https://app.example/");
    assert!(matches!(with(right, &ours, &editor).value, Redeemed::Given(_)));
    for (code, client, editor, becomes) in [
        (("x", "challenge", "https://app.example/"), &ours, &editor, Redeemed::Refused),
        (right, &theirs, &editor, Redeemed::Refused),
        (("code", "x", "https://app.example/"), &ours, &editor, Redeemed::Spent),
        (("code", "challenge", "https://app.example"), &ours, &editor, Redeemed::Spent),
        (right, &ours, &late, Redeemed::Spent),
    ] {
        let refused = with(code, client, editor);
        assert_eq!(refused.value, becomes, "{code:?}: who knows the code has one guess");
        assert!(refused.changes.is_empty());
    }
}

/// Codes that nobody uses end nothing that is in use, however many are made.
#[test]
fn unused_codes_end_first() {
    let world = World::new();
    let (client, editor) = (client(&world, 1), world.editor());
    let begun = |millis: i64| {
        let at = editor.at.plus(Span::from_millis(millis));
        begin(&client, &Editor { at, ..editor })
    };
    let stage = Stage::Tokens { refreshes: 0, refresh: Some(Hashed::of("0")) };
    let used = |millis: i64| OAuthGrant { stage: stage.clone(), ..begun(millis) };
    let now = editor.at.plus(Span::from_millis(61_000));
    let ends = |grants: Vec<OAuthGrant>| OAuthGrant::superfluous(grants, now);
    assert_eq!(ends((0..99).map(used).collect()), []);
    assert_eq!(ends((0..101).map(used).collect()), [used(0), used(1)], "what began first");
    let codes = (2_000..2_050).map(begun);
    let gone = ends((0..60).map(used).chain(codes).collect());
    assert_eq!(gone, (2_000..2_011).map(begun).collect::<Vec<_>>(), "codes before what is in use");
    assert_eq!(ends(vec![used(0), begun(999)]), [begun(999)], "a code that is over");
}

#[test]
fn what_a_grant_gives_ends_with_it() {
    let world = World::new();
    let (client, editor) = (client(&world, 1), world.editor());
    let grant = begin(&client, &editor);
    let right = ("code", "challenge", "https://app.example/");
    let edited = grant.use_code(right, (OAuthTokenId::new([1; 16]), "0"), &client, &editor);
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
