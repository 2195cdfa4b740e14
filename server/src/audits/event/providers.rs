//! What do the events of identity providers say? (the contract names them nowhere; the names are ours)

use rolecall_engine::identity_providers::{IdentityProvider, JwtTrust, OidcSettings, OidcTrust, Trust};

use super::{Kinds, LAST_UPDATED, Member, Members};

pub(super) const PROVIDER: Kinds = Kinds(
    "rolecall.identity-provider.created",
    "rolecall.identity-provider.updated",
    "rolecall.identity-provider.deleted",
);

/// What is told of a provider beside its options, and how many options there are.
const OWN: usize = 14;
const OPTIONS: usize = 13;

/// The names of the options that hold, and of those that are to hold later.
const LIVE: [&str; OPTIONS] = [
    "realm",
    "discoveryUrl",
    "openid_configuration",
    "clientId",
    "clientSecret",
    "scope",
    "claimsMapping",
    "audience",
    "allowedClientIds",
    "idTokenSignatureAlg",
    "emailVerifiedAlwaysTrue",
    "useClaimsFromIdToken",
    "blockOfflineAccessScope",
];
const PENDING: [&str; OPTIONS] = [
    "pendingRealm",
    "pendingDiscoveryUrl",
    "pendingOpenid_configuration",
    "pendingClientId",
    "pendingClientSecret",
    "pendingScope",
    "pendingClaimsMapping",
    "pendingAudience",
    "pendingAllowedClientIds",
    "pendingIdTokenSignatureAlg",
    "pendingEmailVerifiedAlwaysTrue",
    "pendingUseClaimsFromIdToken",
    "pendingBlockOfflineAccessScope",
];

/// All by which it is believed. Of secrets only that there is one, and that it was given anew.
pub(super) fn provider_members(provider: &IdentityProvider) -> Members<'_, { OWN + 2 * OPTIONS }> {
    let (live, pending) = match &provider.trust {
        Trust::Oidc(oidc) => (oidc.live.as_ref(), oidc.pending.as_ref()),
        Trust::Jwt(_) | Trust::Saml(_) => (None, None),
    };
    let named = |names: [&'static str; OPTIONS], settings| names.into_iter().zip(options(settings));
    let all = own(provider).into_iter().chain(named(LIVE, live)).chain(named(PENDING, pending));
    let mut members = [("", Member::Absent); OWN + 2 * OPTIONS];
    members.iter_mut().zip(all).for_each(|(place, member)| *place = member);
    members
}

fn own(provider: &IdentityProvider) -> Members<'_, OWN> {
    let (issuer, key, state) = match &provider.trust {
        Trust::Jwt(JwtTrust { issuer, key }) => (Some(issuer), Some(key), Member::Absent),
        Trust::Oidc(oidc) => {
            let OidcTrust { state, .. } = &**oidc;
            (None, None, state.as_str().into())
        }
        Trust::Saml(_) => (None, None, Member::Absent),
    };
    [
        ("id", Member::Provider(provider.id)),
        ("protocol", provider.protocol().as_str().into()),
        ("provider", provider.vendor.as_str().into()),
        ("active", provider.active.into()),
        ("interactive", provider.is_interactive().into()),
        ("description", provider.description.as_str().into()),
        ("createNewUsersOnLogin", provider.creates_users.into()),
        ("clockToleranceSec", Member::Integer(provider.clock_tolerance)),
        ("postLogoutRedirectUri", provider.post_logout.as_ref().into()),
        ("issuer", issuer.into()),
        ("staticKeyId", key.map(|key| &key.id).into()),
        ("staticKey", key.map_or(Member::Absent, |key| key.pem.as_str().into())),
        ("pendingState", state),
        (LAST_UPDATED, Member::Time(provider.updated_at)),
    ]
}

fn options(settings: Option<&OidcSettings>) -> [Member<'_>; OPTIONS] {
    let Some(settings) = settings else { return [Member::Absent; OPTIONS] };
    let OidcSettings {
        realm,
        discovery_url,
        configuration,
        client_id,
        client_secret,
        scope,
        claims,
        audience,
        allowed_client_ids,
        signature,
        email_always_verified,
        claims_from_token,
        block_offline_access,
    } = settings;
    [
        realm.as_ref().into(),
        discovery_url.as_ref().into(),
        configuration.as_deref().map_or(Member::Absent, Member::Json),
        client_id.as_ref().into(),
        client_secret.as_ref().map_or(Member::Absent, Member::Sealed),
        scope.as_ref().into(),
        Member::Claims(claims),
        audience.as_ref().into(),
        Member::Settings(allowed_client_ids),
        signature.map_or(Member::Absent, |signature| signature.as_str().into()),
        (*email_always_verified).into(),
        (*claims_from_token).into(),
        (*block_offline_access).into(),
    ]
}
