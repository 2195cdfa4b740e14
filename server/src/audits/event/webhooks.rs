//! What do the events of webhooks say? (the contract names them nowhere; the names are ours)

use rolecall_engine::{access::Snapshot, webhooks::Webhook};

use super::{Kinds, LAST_UPDATED, Member, Members};

pub(super) const WEBHOOK: Kinds =
    Kinds("rolecall.webhook.created", "rolecall.webhook.updated", "rolecall.webhook.deleted");

/// Of headers only names are told, of the secret only that there is one.
pub(super) fn webhook_members<'m>(webhook: &'m Webhook, tenant: &Snapshot) -> Members<'m, 19> {
    let settings = &webhook.settings;
    let disabled = webhook.disabled.as_ref();
    let rotates = webhook.earlier_secret.as_ref().map(|(_, until)| *until);
    [
        ("id", Member::Webhook(webhook.id)),
        ("tenantId", Member::Tenant(tenant.tenant().id)),
        ("name", settings.name.as_str().into()),
        ("description", settings.description.as_ref().map_or(Member::Absent, |text| text.as_str().into())),
        ("url", settings.url.as_str().into()),
        ("level", webhook.level.as_str().into()),
        ("eventTypes", Member::EventTypes(&settings.event_types)),
        ("filter", settings.filter.as_ref().map_or(Member::Absent, |filter| filter.as_str().into())),
        ("enabled", settings.enabled.into()),
        ("headers", Member::Headers(&settings.headers)),
        ("encryptedHeaders", Member::SealedHeaders(&settings.encrypted_headers)),
        ("secretKeyAdded", settings.secret.is_some().into()),
        ("earlierSecretUntil", rotates.map_or(Member::Absent, Member::Time)),
        ("enableCloudEventDelivery", settings.cloud_events.into()),
        ("checkCertificateRevocation", settings.checks_revocation.into()),
        ("disabledReasonCode", disabled.map_or(Member::Absent, |why| why.code.as_str().into())),
        ("ownerId", Member::User(webhook.owner)),
        ("createdAt", Member::Time(webhook.stamps.created_at)),
        (LAST_UPDATED, Member::Time(webhook.stamps.updated_at)),
    ]
}
