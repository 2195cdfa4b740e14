//! API keys, and a tenant's settings of them. (reference/rest-api.md §6)

use rolecall_engine::{
    api_keys::{
        ApiKey, ApiKeySettings, ApiKeySettingsOp, ExternalClient, KeyStatus, KeySubject, KnownKeys, Lifetime,
        NewApiKey,
    },
    change::{Change, Delta, Edited, Editor},
    ids::{ApiKeyId, IdpId, UserId},
    names::Description,
    refusal::Rule,
    time::{Span, Timestamp},
};

const AT: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const OWNER: UserId = UserId::new(1, [1; 8]);
const OTHER: UserId = UserId::new(1, [2; 8]);

fn editor(user: UserId, administrator: bool) -> Editor {
    Editor { user: Some(user), administrator, ..Editor::system(AT) }
}

fn new(lifetime: Option<&str>, subject: KeySubject) -> NewApiKey {
    let lifetime = lifetime.map(|text| Lifetime::new(text).unwrap());
    NewApiKey { description: Description::new("ci").unwrap(), lifetime, subject }
}

fn make(lifetime: Option<&str>, subject: KeySubject, active: usize) -> Result<ApiKey, Rule> {
    make_as(&editor(OWNER, false), lifetime, subject, KnownKeys { active, provider_is_there: false })
}

fn make_as(
    editor: &Editor,
    lifetime: Option<&str>,
    subject: KeySubject,
    known: KnownKeys,
) -> Result<ApiKey, Rule> {
    let id = ApiKeyId::new([7; 16]);
    let made = ApiKey::create(new(lifetime, subject), id, &ApiKeySettings::default(), known, editor);
    made.map(|edited| edited.value).map_err(|refusal| refusal.rule)
}

fn key() -> ApiKey {
    make(None, KeySubject::User(OWNER), 0).unwrap()
}

#[test]
fn a_key_is_made_for_oneself_within_the_tenants_limits() {
    assert_eq!(key().expires_at, AT.plus(Span::from_hours(24)));
    assert_eq!(
        make(Some("PT1H"), KeySubject::User(OWNER), 4).unwrap().expires_at,
        AT.plus(Span::from_hours(1))
    );
    assert_eq!(make(None, KeySubject::User(OWNER), 5), Err(Rule::TooManyKeys(5)));
    assert_eq!(make(Some("PT25H"), KeySubject::User(OWNER), 0), Err(Rule::KeyLivesTooLong("PT24H".into())));
    assert_eq!(make(None, KeySubject::User(OTHER), 0), Err(Rule::KeyForOther));
}

#[test]
fn an_administrator_makes_keys_for_programs_of_a_provider() {
    let client = ExternalClient(IdpId::new(1, [3; 8]));
    assert_eq!(client.to_string().parse(), Ok(client));
    assert_eq!(client.to_string(), format!("SCIM\\{}", client.0));
    for wrong in ["", "SCIM\\", "SCIM\\x", &client.0.to_string()] {
        assert!(wrong.parse::<ExternalClient>().is_err(), "{wrong}");
    }
    let subject = || KeySubject::ExternalClient(client);
    let known = |provider_is_there| KnownKeys { active: 1000, provider_is_there };
    let admin = editor(OWNER, true);
    let made = make_as(&admin, None, subject(), known(true)).unwrap();
    assert_eq!(made.expires_at, AT.plus(Span::from_days(365)), "however many keys the editor has");
    assert!(made.is_of_client(client) && !made.is_of(Some(OWNER)));
    assert_eq!(make_as(&admin, None, subject(), known(false)), Err(Rule::UnknownIdentityProvider));
    assert_eq!(make_as(&editor(OWNER, false), None, subject(), known(true)), Err(Rule::NotAdministrator));
    let too_long = make_as(&admin, Some("P366D"), subject(), known(true));
    assert_eq!(too_long, Err(Rule::KeyLivesTooLong("P365D".into())));
    assert_eq!(made.end(&admin).unwrap().changes.len(), 1);
}

#[test]
fn a_key_is_active_until_its_end_or_until_it_is_revoked() {
    let key = key();
    assert_eq!(key.status(AT), KeyStatus::Active);
    assert_eq!(key.status(AT.plus(Span::from_hours(24))), KeyStatus::Expired);
    assert!(key.is_of(Some(OWNER)) && !key.is_of(Some(OTHER)) && !key.is_of(None));
    let revoked = key.revoke(&editor(OTHER, true)).value;
    assert_eq!(revoked.status(AT), KeyStatus::Revoked);
    assert!(revoked.clone().revoke(&editor(OTHER, true)).changes.is_empty());
    let all = Edited::of_each([self::key(), revoked], |key| key.revoke(&editor(OTHER, true)));
    assert_eq!(all.changes.len(), 1, "what is revoked already is left alone");
}

#[test]
fn an_owner_deletes_an_administrator_revokes_and_nobody_else_ends_a_key() {
    let ended =
        |editor: &Editor| key().end(editor).map(|edited| edited.changes).map_err(|refusal| refusal.rule);
    let deleted = |changes: &[Change]| matches!(changes, [Change::ApiKey(delta)] if matches!(**delta, Delta::Deleted(_)));
    assert!(deleted(&ended(&editor(OWNER, false)).unwrap()));
    assert!(deleted(&ended(&editor(OWNER, true)).unwrap()));
    let [Change::ApiKey(delta)] = &ended(&editor(OTHER, true)).unwrap()[..] else { panic!("not one change") };
    assert!(delta.after().unwrap().revoked);
    assert_eq!(ended(&editor(OTHER, false)), Err(Rule::NotAdministrator));
}

#[test]
fn only_the_owner_describes_a_key() {
    let text = |text| Description::new(text).unwrap();
    let described = key().describe(vec![text("a"), text("b")], &editor(OWNER, false)).unwrap();
    assert_eq!(described.value.description, text("b"));
    assert!(key().describe(vec![text("ci")], &editor(OWNER, false)).unwrap().changes.is_empty());
    assert!(key().describe(Vec::new(), &editor(OWNER, false)).unwrap().changes.is_empty());
    let refused = key().describe(vec![text("a")], &editor(OTHER, true)).unwrap_err();
    assert_eq!(refused.rule, Rule::KeyForOther);
}

#[test]
fn settings_keep_within_their_ranges() {
    let edit = |op: ApiKeySettingsOp| {
        let ops = [ApiKeySettingsOp::MaxPerUser(7), op];
        ApiKeySettings::default().edit(&ops).map_err(|refusal| (refusal.operation, refusal.rule))
    };
    let lifetime = |text| Lifetime::new(text).unwrap();
    assert_eq!(edit(ApiKeySettingsOp::MaxPerUser(1000)).unwrap().max_per_user, 1000);
    assert_eq!(edit(ApiKeySettingsOp::MaxLifetime(lifetime("P7D"))).unwrap().max_lifetime.as_str(), "P7D");
    assert_eq!(
        edit(ApiKeySettingsOp::ExternalLifetime(lifetime("P30D"))).unwrap().external_lifetime.as_str(),
        "P30D"
    );
    for count in [-1, 1001, i64::MAX] {
        assert_eq!(edit(ApiKeySettingsOp::MaxPerUser(count)), Err((Some(1), Rule::OutOfRange(0, 1000))));
    }
    let long = lifetime("P3651D");
    assert!(edit(ApiKeySettingsOp::MaxLifetime(long.clone())).is_err());
    assert!(edit(ApiKeySettingsOp::ExternalLifetime(long)).is_err());
}
