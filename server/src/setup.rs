//! How does a tenant come to be, and how does an administrator get back into one? For commands on the server's machine.

use std::{collections::HashSet, sync::Arc};

use rolecall_engine::{
    access::Snapshot,
    api_keys::{ApiKey, KeySubject},
    assignments::RoleRef,
    catalogue::Catalogue,
    change::{Change, Edited, Editor},
    ids::{RoleId, TenantId, UserId},
    names::{Description, DisplayName, Email, Hostname, Subject},
    roles::Role,
    tenants::Tenant,
    time::Span,
    users::{KnownSubject, NewUser, User},
};

use crate::{
    api_keys::sql as api_keys,
    app::App,
    credentials,
    error::Error,
    tenants::{
        found::{self, Foundation},
        sql,
    },
    users::sql as users,
    write::{WriteTx, as_system, establish},
};

/// A tenant to be made, with its first administrator.
pub struct NewTenant {
    pub name: DisplayName,
    /// Where it is reached; the first name is the one it shows.
    pub hostnames: Vec<Hostname>,
    pub admin_subject: Subject,
    pub admin_email: Option<Email>,
    /// How long the administrator's first API key lives.
    pub key_lifetime: Span,
}

/// A tenant that was made.
pub struct Founded {
    pub tenant: TenantId,
    /// The token of the administrator's API key. It is nowhere else.
    pub admin_key: String,
}

/// Makes a tenant with the catalogue's default roles, the group Everyone, and an administrator who has an API key.
///
/// # Errors
/// When there are no or more than two host names, one is taken, or the database cannot be written.
pub async fn create(app: &App, new: NewTenant) -> Result<Founded, Error> {
    create_furnished(app, new, |_, _| Ok(Vec::new())).await
}

/// As [`create`], with more in it: `furnish` gets the tenant as it will be, and answers what else is to be made.
///
/// # Errors
/// As [`create`], or what `furnish` answers.
pub(crate) async fn create_furnished(
    app: &App,
    new: NewTenant,
    furnish: impl FnOnce(Snapshot, &Editor) -> Result<Vec<Change>, Error>,
) -> Result<Founded, Error> {
    found::check(app, &new.hostnames)?;
    let editor = Editor::system(app.clock.now());
    let tenant = Tenant::create(app.entropy.tenant_id(), new.name, new.hostnames, &editor);
    let foundation = Foundation::of(tenant, app, &editor);
    let with_roles = foundation.snapshot(app, &editor);
    let Foundation { tenant, edited } = foundation;
    let admin = NewUser {
        subject: new.admin_subject,
        name: None,
        email: new.admin_email,
        picture: None,
        invited: false,
        roles: administrator_roles(&app.catalogue),
    };
    let nobody = KnownSubject { user: None, license: None };
    let admin = User::create(admin, app.entropy.user_id(editor.at), nobody, &with_roles, &editor)?;
    let user = admin.value.id;
    let key = first_key(app, user, new.key_lifetime, &editor);
    let admin_key = required_token(app, tenant.id, &key.value)?;
    let id = tenant.id;
    let added = admin.map(drop).and(key).changes;
    let mut edited = edited;
    let so_far = with_roles.apply(with_roles.revision(), editor.at, &added);
    edited.changes.extend(added);
    edited.changes.extend(furnish(so_far, &editor)?);
    establish(app, tenant, edited, editor, app.traces.next().into()).await?;
    Ok(Founded { tenant: id, admin_key })
}

/// The roles that make an administrator.
fn administrator_roles(catalogue: &Catalogue) -> Vec<RoleRef> {
    let role = catalogue.default_roles().find(|role| catalogue.administers(role.id));
    role.map(|role| RoleRef::Id(role.id.to_string())).into_iter().collect()
}

/// What the keys are called that this module makes.
const KEY_DESCRIPTION: &str = "Made on the server's machine";

fn first_key(app: &App, user: UserId, lifetime: Span, editor: &Editor) -> Edited<ApiKey> {
    let description = Description::stored(KEY_DESCRIPTION.to_owned());
    ApiKey::issue(KeySubject::User(user), description, app.entropy.api_key_id(), lifetime, editor)
}

fn required_token(app: &App, tenant: TenantId, key: &ApiKey) -> Result<String, Error> {
    credentials::of_key(&app.signing, tenant, key)
}

/// What happens to the keys that this module made for a user before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earlier {
    /// They stay.
    Stays,
    /// They are revoked.
    Ends,
}

/// Makes an API key for the user with a subject; answers its token. This asks none of the tenant's settings: it is the
/// way back for an administrator whose last key is over.
///
/// # Errors
/// [`Error::NotFound`] when there is no such tenant or user; or when the database cannot be written.
pub async fn issue_key(
    app: &App,
    tenant: TenantId,
    subject: Subject,
    lifetime: Span,
    earlier: Earlier,
) -> Result<String, Error> {
    let inside = app.clone();
    let edit = async move |tx: &WriteTx<'_>| {
        let user = users::with_subject(tx.reader(), &subject).await?.ok_or(Error::NotFound)?;
        let mut keys = api_keys::of_user(tx.reader(), user).await?;
        keys.retain(|key| earlier == Earlier::Ends && key.description.as_str() == KEY_DESCRIPTION);
        let revoked = Edited::of_each(keys, |key| key.revoke(tx.editor()));
        Ok(first_key(&inside, user, lifetime, tx.editor()).and(revoked))
    };
    let key = as_system(app, tenant, edit).await?;
    required_token(app, tenant, &key)
}

/// Every tenant with its name, the oldest first.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(app: &App) -> Result<Vec<(TenantId, String)>, Error> {
    app.db.look_up(async |all| sql::all(all).await).await
}

/// Refuses a store whose tenants were made with another catalogue: nobody could administer them, and default roles that are
/// adopted stay for good. Answers the tenants that lack some of its default roles.
///
/// # Errors
/// When a tenant has none of the roles that administer by this catalogue; or when the database cannot be read.
pub async fn refuse_other_catalogue(app: &App) -> Result<Vec<TenantId>, Error> {
    let all: Vec<RoleId> = app.catalogue.default_roles().map(|role| role.id).collect();
    let lacking = app.db.look_up(async move |system| sql::without_some(system, &all).await).await?;
    let mut strangers: HashSet<TenantId> = lacking.iter().copied().collect();
    for role in app.catalogue.default_roles().filter(|role| app.catalogue.administers(role.id)) {
        if strangers.is_empty() {
            break;
        }
        let id = role.id;
        let without = app.db.look_up(async move |all| sql::without_role(all, id).await).await?;
        strangers.retain(|tenant| without.contains(tenant));
    }
    match strangers.iter().next() {
        None => Ok(lacking),
        Some(tenant) => Err(Error::invalid(format!(
            "the tenant `{tenant}` was made with another catalogue; name that one with `--catalogue`"
        ))),
    }
}

/// Gives tenants the default roles of the catalogue that they do not have yet. Where a custom role has the name, from
/// a time when it was free, the default role stays away.
///
/// # Errors
/// When the database cannot be written.
pub async fn adopt_default_roles(app: &App, lacking: Vec<TenantId>) -> Result<(), Error> {
    for tenant in lacking {
        for id in app.catalogue.default_roles().map(|role| role.id) {
            let catalogue = Arc::clone(&app.catalogue);
            let edit = async move |tx: &WriteTx<'_>| {
                let role = catalogue.default_role(id).filter(|_| tx.tenant().role(id).is_none());
                let Some(role) = role else { return Ok(Edited::unchanged(())) };
                if tx.tenant().role_named(&role.name).is_some() {
                    let name = role.name.as_str();
                    tracing::warn!(%tenant, name, "a custom role has the name of a default role, which stays away");
                    return Ok(Edited::unchanged(()));
                }
                Ok(Role::adopt(role, &catalogue, tx.editor()).map(drop))
            };
            as_system(app, tenant, edit).await?;
        }
    }
    Ok(())
}
