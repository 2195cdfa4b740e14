//! What is in a tenant from its beginning?

use std::{collections::HashSet, sync::Arc};

use rolecall_engine::{
    access::{Revision, Snapshot},
    change::{Edited, Editor},
    groups::Group,
    names::Hostname,
    refusal::Rule,
    roles::Role,
    tenants::Tenant,
};

use crate::{app::App, error::Error};

/// A tenant that is about to be made, with the default roles of the catalogue and the group Everyone.
pub struct Foundation {
    pub tenant: Tenant,
    /// What makes it.
    pub edited: Edited<()>,
}

impl Foundation {
    /// A fresh tenant, with what every tenant has.
    pub fn of(tenant: Edited<Tenant>, app: &App, editor: &Editor) -> Self {
        let Edited { value: tenant, changes } = tenant;
        let mut edited = Edited { value: (), changes };
        for role in app.catalogue.default_roles() {
            edited = edited.and(Role::adopt(role, &app.catalogue, editor));
        }
        edited = edited.and(Group::everyone(&app.catalogue, editor));
        Self { tenant, edited }
    }

    /// The tenant as it will be.
    pub fn snapshot(&self, app: &App, editor: &Editor) -> Snapshot {
        let empty =
            Snapshot::new(Arc::clone(&app.catalogue), self.tenant.clone(), Revision::default(), editor.at);
        empty.apply(Revision::default(), editor.at, &self.edited.changes)
    }
}

/// Refuses host names that no tenant can have together. Whether they are taken is seen when the tenant is stored.
///
/// # Errors
/// When there are none, more than two or the same twice, or one is the installation's own.
pub fn check(app: &App, hostnames: &[Hostname]) -> Result<(), Error> {
    let distinct: HashSet<&Hostname> = hostnames.iter().collect();
    if distinct.len() != hostnames.len() || !(1..=2).contains(&distinct.len()) {
        return Err(Error::invalid("a tenant has one host name, or two that differ"));
    }
    let public =
        |name: &Hostname| app.public_url.as_ref().is_some_and(|url| url.host().name() == name.as_str());
    if hostnames.iter().any(|name| name.is_reserved() || public(name)) {
        return Err(Rule::HostnameTaken.into());
    }
    Ok(())
}
