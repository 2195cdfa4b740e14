//! OAuth clients: what goes together, and what each edit leads to. (reference/rest-api.md §7)

use rolecall_engine::{
    change::Edited,
    ids::OAuthClientId,
    names::Setting,
    oauth::{
        AppType, AuthMethod, ClientOp, ClientSettings, Consent, Edit, GrantType, KeyText, OAuthClient,
        granted_scopes,
    },
    refusal::{Refusal, Rule},
    scopes::ScopeName,
};

use crate::world::World;

fn scopes(names: &[&str]) -> Vec<ScopeName> {
    names.iter().map(|name| ScopeName::new(name).unwrap()).collect()
}

fn uri(text: &str) -> Setting {
    Setting::new(text).unwrap()
}

fn new(app_type: AppType) -> ClientSettings {
    ClientSettings {
        app_type,
        name: uri("Nightly"),
        description: None,
        logo_uri: None,
        client_uri: None,
        jwks_uri: None,
        redirect_uris: Vec::new(),
        allowed_origins: Vec::new(),
        allowed_scopes: scopes(&["user_default", "apps:read", "offline_access"]),
        grant_types: Vec::new(),
        auth_methods: vec![AuthMethod::ClientSecret],
        public_keys: Vec::new(),
        consent: Consent::Required,
    }
}

fn make(world: &World, new: ClientSettings) -> Result<Edited<OAuthClient>, Refusal> {
    make_beside(999, world, new)
}

fn make_beside(others: usize, world: &World, new: ClientSettings) -> Result<Edited<OAuthClient>, Refusal> {
    let id = OAuthClientId::new([7; 16]);
    OAuthClient::create(new, id, Some("secret-1"), others, &world.snapshot, &world.editor())
}

#[test]
fn there_are_only_so_many() {
    let refused = make_beside(1000, &World::new(), new(AppType::Web)).unwrap_err();
    assert_eq!(refused.rule, Rule::TooManyClients(1000));
}

#[test]
fn what_does_not_go_together_is_refused() {
    let world = World::new();
    let cases: [(ClientSettings, Rule); 8] = [
        (ClientSettings { redirect_uris: vec![uri("x"); 6], ..new(AppType::Web) }, Rule::TooManyUris(5)),
        (
            ClientSettings { allowed_origins: vec![uri("x")], ..new(AppType::Web) },
            Rule::OriginsOfBrowsersOnly,
        ),
        (
            ClientSettings { grant_types: vec![GrantType::ClientCredentials], ..new(AppType::Spa) },
            Rule::GrantNeedsWeb,
        ),
        (
            ClientSettings { grant_types: vec![GrantType::Impersonation], ..new(AppType::Web) },
            Rule::ImpersonationNeedsTrust,
        ),
        (
            ClientSettings { allowed_scopes: scopes(&["api-keys"]), ..new(AppType::Web) },
            Rule::ScopeNotForClients("api-keys".into()),
        ),
        (ClientSettings { public_keys: vec![KeyText("k".into()); 2], ..new(AppType::Web) }, Rule::KeyTwice),
        (
            ClientSettings {
                public_keys: (0..11).map(|n| KeyText(n.to_string())).collect(),
                ..new(AppType::Web)
            },
            Rule::TooManyUris(10),
        ),
        (
            ClientSettings {
                allowed_scopes: vec![ScopeName::new(&"x".repeat(128)).unwrap(); 40],
                ..new(AppType::Web)
            },
            Rule::TooManyClientScopes(4000),
        ),
    ];
    for (new, rule) in cases {
        assert_eq!(make(&world, new).unwrap_err().rule, rule);
    }
}

#[test]
fn lists_are_replaced_added_to_and_taken_from() {
    let world = World::new();
    let client = make(&world, new(AppType::Web)).unwrap().value;
    let ops = [
        ClientOp::Name(uri("Other")),
        ClientOp::LogoUri(Some(uri("https://x.example/logo"))),
        ClientOp::ClientUri(None),
        ClientOp::JwksUri(None),
        ClientOp::Description(None),
        ClientOp::RedirectUris(Edit::Replace(vec![uri("a"), uri("b")])),
        ClientOp::RedirectUris(Edit::Add(vec![uri("b"), uri("c")])),
        ClientOp::RedirectUris(Edit::Remove(vec![uri("a")])),
        ClientOp::AllowedScopes(Edit::Remove(scopes(&["apps:read"]))),
        ClientOp::AuthMethods(Edit::Add(vec![AuthMethod::PrivateKeyJwt])),
        ClientOp::PublicKeys(Edit::Replace(vec![KeyText("k".into())])),
        ClientOp::Consent(Consent::Trusted),
        ClientOp::GrantTypes(Edit::Add(vec![GrantType::Impersonation])),
    ];
    let edited = client.clone().edit(&ops, &world.snapshot, &world.editor()).unwrap();
    let after = edited.value;
    assert_eq!((after.settings.redirect_uris.clone(), edited.changes.len()), (vec![uri("b"), uri("c")], 1));
    assert!(after.may(GrantType::Impersonation) && !after.may(GrantType::ClientCredentials));
    assert!(after.updated_at > client.updated_at);
    assert!(client.clone().edit(&[], &world.snapshot, &world.editor()).unwrap().changes.is_empty());
    // An operation that breaks a rule is told with its place, and none is done.
    let untrusted = [ClientOp::Name(uri("x")), ClientOp::Consent(Consent::Required)];
    let refused = after.edit(&untrusted, &world.snapshot, &world.editor()).unwrap_err();
    assert_eq!((refused.rule, refused.operation), (Rule::ImpersonationNeedsTrust, Some(1)));
    let origins = [ClientOp::AllowedOrigins(Edit::Add(vec![uri("https://x.example")]))];
    assert!(client.edit(&origins, &world.snapshot, &world.editor()).is_err());
}

#[test]
fn secrets_are_known_by_their_hash_and_told_apart_by_their_hint() {
    let world = World::new();
    let editor = world.editor();
    let mut client = make(&world, new(AppType::Web)).unwrap().value;
    for n in 2..=5 {
        client = client.add_secret(&format!("other-{n}"), &editor).unwrap().value;
    }
    assert_eq!(client.clone().add_secret("one more", &editor).unwrap_err().rule, Rule::TooManySecrets(5));
    assert!(client.has_secret("secret-1") && client.has_secret("other-5") && !client.has_secret("other"));
    assert!(client.proves_by(AuthMethod::ClientSecret) && !client.proves_by(AuthMethod::PrivateKeyJwt));
    let without = client.clone().remove_secret("secre", &editor).unwrap().value;
    assert!(!without.has_secret("secret-1") && client.clone().remove_secret("nosuc", &editor).is_none());
    let public = make(&world, new(AppType::Spa)).unwrap().value;
    assert!(!public.proves_by(AuthMethod::ClientSecret));
    assert_eq!(public.add_secret("x", &editor).unwrap_err().rule, Rule::SecretNeedsWeb);
    let published = client.publish(&editor);
    let at = published.value.published_at;
    assert!(at.is_some() && published.value.publish(&editor).changes.is_empty(), "once");
}

#[test]
fn a_token_has_what_was_asked_for_or_all_but_offline_access() {
    let world = World::new();
    let client = make(&world, new(AppType::Web)).unwrap().value;
    assert_eq!(granted_scopes(&client, &[]), Ok(scopes(&["apps:read", "user_default"])));
    let asked = scopes(&["offline_access", "apps:read", "apps:read"]);
    assert_eq!(granted_scopes(&client, &asked), Ok(scopes(&["apps:read", "offline_access"])));
    assert!(granted_scopes(&client, &scopes(&["apps:export"])).is_err());
}
