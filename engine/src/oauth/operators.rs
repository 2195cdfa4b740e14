//! What is an operator? (reference/rest-api.md §5 "regional OAuth client")

use alloc::vec::Vec;

use super::{
    clients::{AppType, AuthMethod, ClientSettings, Consent, GrantType, OAuthClient, Secret},
    reach::{ADMIN_CLASSIC, USER_DEFAULT},
};
use crate::{
    access::Snapshot,
    change::{Edited, Editor},
    ids::OAuthClientId,
    names::Setting,
    refusal::Refusal,
    scopes::ScopeName,
};

/// A program of the installation that makes and ends tenants. It belongs to none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The identifier, also of its clients in tenants.
    pub id: OAuthClientId,
    /// What people call it.
    pub name: Setting,
    /// What it proves itself by.
    pub secret: Secret,
}

impl Operator {
    /// The client by which the operator acts in a tenant it made: under its own identifier, proven by its own secret, and as
    /// its bot user, which administers the tenant (reference/access-control.md §1.1). It is the tenant's like any other.
    ///
    /// # Errors
    /// When the catalogue does not have the scopes of such a client.
    pub fn client_in(&self, tenant: &Snapshot, editor: &Editor) -> Result<Edited<OAuthClient>, Refusal> {
        let scopes = [ADMIN_CLASSIC, USER_DEFAULT].into_iter().filter_map(|name| ScopeName::new(name).ok());
        let settings = ClientSettings {
            app_type: AppType::Web,
            name: self.name.clone(),
            description: None,
            logo_uri: None,
            client_uri: None,
            jwks_uri: None,
            redirect_uris: Vec::new(),
            allowed_origins: Vec::new(),
            allowed_scopes: scopes.collect(),
            grant_types: alloc::vec![GrantType::ClientCredentials],
            auth_methods: alloc::vec![AuthMethod::ClientSecret],
            public_keys: Vec::new(),
            consent: Consent::Required,
        };
        OAuthClient::with_secrets(settings, self.id, alloc::vec![self.secret.clone()], tenant, editor)
    }
}
