//! What do events say of each thing? (reference/events.md §3)

use rolecall_engine::{
    access::Snapshot,
    api_keys::{ApiKey, KeySubject},
    groups::Group,
    licenses::LicenseAssignment,
    names::{Description, Email},
    oauth::{OAuthClient, OAuthConsent, OAuthGrant, OAuthToken, Stage},
    passwords::Password,
    roles::{Role, RoleKind},
    sessions::Session,
    tenants::Tenant,
    time::Timestamp,
    users::User,
    web_integrations::WebIntegration,
};

use super::event::{LAST_UPDATED, Member, Members, Names};

pub fn role_members<'m>(role: &'m Role, tenant: &'m Snapshot) -> Members<'m, 13> {
    let promotes = tenant.catalogue().default_role(role.id).is_some_and(|role| role.promotes);
    [
        ("id", Member::Role(role.id)),
        ("name", role.name.as_str().into()),
        ("level", role.level.as_str().into()),
        ("tenantId", Member::Tenant(tenant.tenant().id)),
        ("type", role.kind.contract().into()),
        ("canEdit", (role.kind != RoleKind::Default).into()),
        ("canDelete", (role.kind == RoleKind::Custom).into()),
        ("description", role.description.as_str().into()),
        ("assignedScopes", Member::Scopes(&role.scopes)),
        ("userEntitlementType", (if promotes { "fullUser" } else { "" }).into()),
        ("createdAt", Member::Time(role.stamps.created_at)),
        (LAST_UPDATED, Member::Time(role.stamps.updated_at)),
        ("updatedBy", role.stamps.updated_by.map_or(Member::Absent, Member::User)),
    ]
}

pub fn group_members<'m>(group: &'m Group, tenant: &'m Snapshot) -> Members<'m, 10> {
    let description = group.description.as_ref().map(Description::as_str);
    [
        ("id", Member::Group(group.id)),
        ("tenantId", Member::Tenant(tenant.tenant().id)),
        ("name", group.name.as_str().into()),
        ("status", group.status.as_str().into()),
        ("providerType", group.provider.as_str().into()),
        ("description", description.map_or(Member::Absent, Member::Text)),
        ("externalId", group.external_id.as_ref().into()),
        ("assignedRoles", Member::Roles(&group.roles, Names(tenant))),
        ("createdAt", Member::Time(group.stamps.created_at)),
        (LAST_UPDATED, Member::Time(group.stamps.updated_at)),
    ]
}

pub fn user_members<'m>(user: &'m User, tenant: &'m Snapshot) -> Members<'m, 19> {
    let email = user.email.as_ref().map(Email::as_str);
    let invite_expiry = user.invite_expires_at.map(Timestamp::as_seconds);
    [
        ("id", Member::User(user.id)),
        ("tenantId", Member::Tenant(tenant.tenant().id)),
        ("subject", user.subject.as_str().into()),
        ("name", user.name.as_str().into()),
        ("email", email.map_or(Member::Absent, Member::Text)),
        ("picture", user.picture.as_ref().into()),
        ("locale", user.locale.as_ref().into()),
        ("zoneinfo", user.zoneinfo.as_ref().into()),
        ("preferredLocale", user.preferred_locale.as_ref().into()),
        ("preferredZoneinfo", user.preferred_zoneinfo.as_ref().into()),
        ("status", user.status.as_str().into()),
        ("inviteExpiry", invite_expiry.map_or(Member::Absent, Member::Integer)),
        ("clientId", user.client_id.as_ref().into()),
        ("idpId", user.provider.map_or(Member::Absent, Member::Provider)),
        ("scim", user.profile.as_ref().map_or(Member::Absent, |profile| Member::Text(&profile.document))),
        ("assignedRoles", Member::AssignedRoles(&user.roles, Names(tenant))),
        ("assignedGroups", Member::AssignedGroups(&user.groups, Names(tenant))),
        ("createdAt", Member::Time(user.created_at)),
        (LAST_UPDATED, Member::Time(user.updated_at)),
    ]
}

pub fn tenant_members(tenant: &Tenant) -> Members<'_, 18> {
    let on = tenant.auto_assign;
    [
        ("id", Member::Tenant(tenant.id)),
        ("name", tenant.name.as_str().into()),
        ("hostnames", Member::Hostnames(&tenant.hostnames)),
        ("status", tenant.status.as_str().into()),
        ("purgeDate", tenant.purge_at.map_or(Member::Absent, Member::Time)),
        ("autoAssignCreateSharedSpacesRoleToProfessionals", on.shared_spaces.into()),
        ("autoAssignPrivateAnalyticsContentCreatorRoleToProfessionals", on.private_content.into()),
        ("autoAssignDataServicesContributorRoleToProfessionals", on.data_services.into()),
        ("enableAnalyticCreation", tenant.enable_analytic_creation.into()),
        ("enableAppOpeningFeedback", tenant.enable_app_opening_feedback.into()),
        ("autoCreateGroups", tenant.auto_create_groups.into()),
        ("autoAssignProfessional", tenant.licenses.auto_assign_professional.into()),
        ("autoAssignAnalyzer", tenant.licenses.auto_assign_analyzer.into()),
        ("maxKeysPerUser", Member::Integer(tenant.api_keys.max_per_user.into())),
        ("maxApiKeyExpiry", tenant.api_keys.max_lifetime.as_str().into()),
        ("scimExternalClientExpiry", tenant.api_keys.external_lifetime.as_str().into()),
        ("userSessionInactivityTimeoutMinutes", Member::Integer(tenant.sessions.inactivity_minutes)),
        ("maxUserSessionLifespanMinutes", Member::Integer(tenant.sessions.lifespan_minutes)),
    ]
}

pub fn key_members(key: &ApiKey) -> Members<'_, 6> {
    let (sub, sub_type) = match &key.subject {
        KeySubject::User(user) => (Member::User(*user), "user"),
        KeySubject::ExternalClient(client) => (Member::ExternalClient(*client), "externalClient"),
    };
    [
        ("id", Member::ApiKey(key.id)),
        ("sub", sub),
        ("subType", sub_type.into()),
        ("description", key.description.as_str().into()),
        ("expiry", Member::Time(key.expires_at)),
        ("revoked", key.revoked.into()),
    ]
}

pub fn client_members<'m>(client: &'m OAuthClient, tenant: &Snapshot) -> Members<'m, 23> {
    let description = client.settings.description.as_ref().map(Description::as_str);
    let owner = client.owner.map_or(Member::Absent, Member::User);
    [
        ("clientId", Member::Client(client.id)),
        ("tenantId", Member::Tenant(tenant.tenant().id)),
        ("appType", client.settings.app_type.as_str().into()),
        ("clientName", client.settings.name.as_str().into()),
        ("description", description.map_or(Member::Absent, Member::Text)),
        ("logoUri", client.settings.logo_uri.as_ref().into()),
        ("clientUri", client.settings.client_uri.as_ref().into()),
        ("jwksUri", client.settings.jwks_uri.as_ref().into()),
        ("allowedGrantTypes", Member::Grants(&client.settings.grant_types)),
        ("allowedAuthMethods", Member::Methods(&client.settings.auth_methods)),
        ("publishedAt", client.published_at.map_or(Member::Absent, Member::Time)),
        ("redirectUris", Member::Settings(&client.settings.redirect_uris)),
        ("allowedOrigins", Member::Settings(&client.settings.allowed_origins)),
        ("allowedScopes", Member::Scopes(&client.settings.allowed_scopes)),
        ("consentMethod", client.settings.consent.as_str().into()),
        ("secrets", Member::Secrets(&client.secrets)),
        ("publicKeys", Member::Keys(&client.settings.public_keys)),
        ("ownerId", owner),
        ("ownerType", client.maker().into()),
        ("createdById", owner),
        ("createdByType", client.maker().into()),
        ("createdAt", Member::Time(client.created_at)),
        (LAST_UPDATED, Member::Time(client.updated_at)),
    ]
}

pub fn token_members(token: &OAuthToken) -> Members<'_, 8> {
    [
        ("id", Member::Token(token.id)),
        ("issuedToClientId", Member::Client(token.client)),
        ("grantType", token.grant.as_str().into()),
        ("grantId", token.family.map_or(Member::Absent, Member::Grant)),
        ("resourceOwner", Member::User(token.user)),
        ("scopes", Member::Scopes(&token.scopes)),
        ("issuedAt", Member::Time(token.issued_at)),
        ("expiresAt", Member::Time(token.expires_at)),
    ]
}

pub fn license_members(license: &LicenseAssignment) -> Members<'_, 3> {
    [
        ("subject", license.subject.as_str().into()),
        ("type", license.kind.as_str().into()),
        ("created", Member::Time(license.created_at)),
    ]
}

pub fn session_members(session: &Session) -> Members<'_, 7> {
    [
        ("sessionid", Member::Session(session.id)),
        ("userId", Member::User(session.user)),
        ("authtype", session.proof.as_str().into()),
        ("idpId", session.provider.map_or(Member::Absent, Member::Provider)),
        ("authenticatedAt", session.authenticated_at.map_or(Member::Absent, Member::Time)),
        ("beganAt", Member::Time(session.began_at)),
        ("expiresAt", Member::Time(session.expires_at)),
    ]
}

pub fn integration_members(integration: &WebIntegration) -> Members<'_, 6> {
    [
        ("id", Member::Integration(integration.id)),
        ("name", integration.name.as_str().into()),
        ("validOrigins", Member::Settings(&integration.origins)),
        ("createdBy", integration.created_by.map_or(Member::Absent, Member::User)),
        ("created", Member::Time(integration.created_at)),
        (LAST_UPDATED, Member::Time(integration.updated_at)),
    ]
}

pub fn grant_members(grant: &OAuthGrant) -> Members<'_, 8> {
    let (stage, refreshes) = match &grant.stage {
        Stage::Code { .. } => ("code", 0),
        Stage::Tokens { refreshes, .. } => ("tokens", *refreshes),
    };
    [
        ("id", Member::Grant(grant.id)),
        ("clientId", Member::Client(grant.client)),
        ("userId", Member::User(grant.user)),
        ("scopes", Member::Scopes(&grant.scopes)),
        ("stage", stage.into()),
        ("refreshes", Member::Integer(refreshes)),
        ("createdAt", Member::Time(grant.created_at)),
        ("expiresAt", Member::Time(grant.expires_at)),
    ]
}

pub fn consent_members(consent: &OAuthConsent) -> Members<'_, 4> {
    [
        ("clientId", Member::Client(consent.client)),
        ("userId", Member::User(consent.user)),
        ("scopes", Member::Scopes(&consent.scopes)),
        ("givenAt", Member::Time(consent.at)),
    ]
}

/// Of a password nothing is told but when it was set.
pub fn password_members(password: &Password) -> Members<'_, 2> {
    [("userId", Member::User(password.user)), ("setAt", Member::Time(password.set_at))]
}
