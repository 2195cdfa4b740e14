//! Which program asks that provisions users, and for which identity provider? (reference/auth.md §2, threats T12)
//!
//! A [`Provisioner`] in the signature of a use case is the proof that somebody asked with a key that is good for this and
//! for nothing else. A user's key, token or session makes none.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use rolecall_engine::{
    access::Snapshot,
    api_keys::ExternalClient,
    change::Editor,
    ids::{IdpId, TenantId},
    time::Timestamp,
};

use crate::{
    app::App,
    caller::{asked_host, bearer, cause, refuse_other_tenant, trace_of},
    credentials::{Credential, Whose, verify::verify},
    db::Reader,
    error::Error,
    limits::Tier,
    links::Links,
    trace::Cause,
};

/// A program that provisions users for an identity provider.
pub struct Provisioner {
    pub(crate) proof: Proof,
    tenant: Arc<Snapshot>,
    links: Links,
}

/// Whose request it is.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    credential: Credential,
    provider: IdpId,
    pub(crate) cause: Cause,
}

impl Provisioner {
    /// The tenant's identifier.
    pub const fn tenant_id(&self) -> TenantId {
        self.proof.credential.tenant
    }

    /// The tenant as it was when the request came in.
    pub const fn tenant(&self) -> &Arc<Snapshot> {
        &self.tenant
    }

    /// The identity provider.
    pub const fn provider(&self) -> IdpId {
        self.proof.provider
    }

    /// Addresses of things, as the program reaches them.
    pub const fn links(&self) -> &Links {
        &self.links
    }
}

impl Proof {
    /// Makes the proof again for the tenant as it is now, within a transaction (threats I12).
    ///
    /// # Errors
    /// When the key or its provider was taken away since.
    pub(crate) async fn prove(
        &self,
        tenant: &Snapshot,
        reader: &Reader<'_>,
        now: Timestamp,
    ) -> Result<Editor, Error> {
        if !self.credential.holds(tenant) {
            self.credential.check(reader, now).await?;
        }
        Ok(Editor { provider: Some(self.provider), administrator: false, ..Editor::system(now) })
    }
}

impl FromRequestParts<App> for Provisioner {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let trace = trace_of(parts)?;
        let tier = parts.extensions.get::<Tier>().copied().unwrap_or(Tier::Read);
        let token = bearer(&parts.headers).ok_or(Error::Unauthenticated)?;
        let (tenant, credential): (Arc<Snapshot>, _) = verify(app, token).await?;
        let Whose::Client(ExternalClient(provider)) = credential.whose else {
            return Err(Error::Unauthenticated);
        };
        let host = asked_host(parts);
        refuse_other_tenant(app, &tenant, host.as_ref()).await?;
        app.rate_limits.count_provider(credential.tenant, provider, tenant.user_count(), tier)?;
        let links = Links::new(tenant.tenant(), host.as_ref(), app.public_url.as_ref());
        Ok(Self { proof: Proof { credential, provider, cause: cause(trace, parts, tier)? }, tenant, links })
    }
}
