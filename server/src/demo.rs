//! What is in the tenants of the sandbox?
//!
//! Two small companies with users, groups and custom roles, so that everything there is can be tried, and so that it can
//! be seen that one knows nothing of the other.

use rolecall_engine::{
    access::Snapshot,
    assignments::{GroupRef, RoleRef},
    change::{Change, Edited, Editor},
    groups::{Group, NewGroup, Provider},
    ids::TenantId,
    names::{Description, DisplayName, Email, GroupName, Hostname, NameError, RoleName, Subject},
    roles::{NewRole, Role},
    scopes::ScopeName,
    time::Span,
    users::{KnownSubject, NewUser, User, UserOp},
};

use crate::{
    app::App,
    error::Error,
    login,
    setup::{self, Earlier, Founded, NewTenant},
    tenants::sql as tenants,
};

/// A company of the sandbox.
pub struct Company {
    name: &'static str,
    /// The first label of its host name, and of its users' addresses.
    label: &'static str,
    roles: &'static [(&'static str, &'static str, &'static [&'static str])],
    groups: &'static [(&'static str, &'static [&'static str])],
    people: &'static [Person],
}

struct Person {
    name: &'static str,
    roles: &'static [&'static str],
    groups: &'static [&'static str],
}

/// The companies, each with an administrator called Ada and a plain user first.
pub const COMPANIES: &[Company] = &[
    Company {
        name: "Acme",
        label: "acme",
        roles: &[
            ("Key maker", "Makes API keys", &["api-keys"]),
            (
                "Report exporter",
                "Exports data and images from apps",
                &["apps.data:export", "apps.image:export"],
            ),
            ("Model approver", "Approves machine learning models", &["automl-models:approve"]),
        ],
        groups: &[
            ("Analysts", &["Report exporter"]),
            ("Data science", &["Model approver", "SharedSpaceCreator"]),
        ],
        people: &[
            Person { name: "Uma User", roles: &["Key maker"], groups: &["Analysts"] },
            Person { name: "Ben Berg", roles: &[], groups: &["Analysts", "Data science"] },
            Person { name: "Chloe Chen", roles: &["Steward"], groups: &["Data science"] },
            Person { name: "Dan Diaz", roles: &["AuditAdmin"], groups: &[] },
        ],
    },
    Company {
        name: "Globex",
        label: "globex",
        roles: &[
            ("Key maker", "Makes API keys", &["api-keys"]),
            ("Reader", "Reads lineage", &["lineage:read"]),
        ],
        groups: &[("Readers", &["Reader"])],
        people: &[
            Person { name: "Uri User", roles: &["Key maker"], groups: &["Readers"] },
            Person { name: "Eva Evans", roles: &[], groups: &["Readers"] },
        ],
    },
];

/// The company of a sandbox that is to be made like another tenant: nobody is in it but an administrator called Ada.
pub const EMPTY: &[Company] =
    &[Company { name: "Sandbox", label: "sandbox", roles: &[], groups: &[], people: &[] }];

/// A company that was made.
pub struct Demo {
    pub tenant: TenantId,
    pub name: &'static str,
    pub hostname: String,
    pub admin_email: String,
    /// None if there is no plain user.
    pub user_email: Option<String>,
    /// None once somebody deleted the administrator.
    pub admin_key: Option<String>,
    /// None if there is no plain user, or not any more.
    pub user_key: Option<String>,
}

/// The password of the administrators and of the plain users of the sandbox, which only its own machine reaches.
pub const PASSWORD: &str = "only-for-trying-out";

/// How long the keys of the sandbox live.
const KEY_LIFETIME: Span = Span::from_days(365);

impl Company {
    fn hostname(&self) -> String {
        format!("{}.localhost", self.label)
    }

    fn email(&self, name: &str) -> String {
        let first = name.split(' ').next().unwrap_or_default().to_lowercase();
        format!("{first}@{}.example", self.label)
    }

    fn subject(&self, name: &str) -> String {
        format!("{}\\{}", self.label, self.email(name))
    }

    /// Makes the company, if nobody has its host name yet, and new keys for it in place of earlier ones.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn make(&'static self, app: &App) -> Result<Demo, Error> {
        let hostname = self.hostname();
        let present = app.db.look_up(async move |all| tenants::by_hostname(all, &hostname).await).await?;
        let tenant = match present {
            Some(tenant) => tenant,
            None => self.found(app).await?,
        };
        let plain = self.people.first().map(|person| person.name);
        let user_key = match plain {
            Some(plain) => self.key(app, tenant, plain).await?,
            None => None,
        };
        Ok(Demo {
            tenant,
            name: self.name,
            hostname: self.hostname(),
            admin_email: self.email("Ada"),
            user_email: plain.map(|plain| self.email(plain)),
            admin_key: self.key(app, tenant, "Ada").await?,
            user_key,
        })
    }

    /// Gives the administrator and the plain user the sandbox's password, if they are still there.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn set_passwords(&self, app: &App, tenant: TenantId) -> Result<(), Error> {
        for name in ["Ada"].into_iter().chain(self.people.first().map(|person| person.name)) {
            let subject = well_formed(Subject::new(&self.subject(name)))?;
            match login::password::set(app, tenant, subject, PASSWORD.to_owned()).await {
                Ok(()) | Err(Error::NotFound) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// The tenant with everything in it, in one commit: a sandbox that is stopped meanwhile has all of it or nothing.
    async fn found(&self, app: &App) -> Result<TenantId, Error> {
        let new = NewTenant {
            name: well_formed(DisplayName::new(self.name))?,
            hostnames: vec![well_formed(Hostname::new(&self.hostname()))?],
            admin_subject: well_formed(Subject::new(&self.subject("Ada")))?,
            admin_email: Email::new(&self.email("Ada")).ok(),
            key_lifetime: KEY_LIFETIME,
        };
        let furnish = |tenant: Snapshot, editor: &Editor| {
            let mut furnishing = Furnishing { app, tenant, editor, changes: Vec::new() };
            self.furnish(&mut furnishing)?;
            Ok(furnishing.changes)
        };
        let Founded { tenant, .. } = setup::create_furnished(app, new, furnish).await?;
        Ok(tenant)
    }

    /// A new key of somebody, in place of earlier ones; none if there is no such user any more.
    async fn key(&self, app: &App, tenant: TenantId, name: &str) -> Result<Option<String>, Error> {
        let subject = well_formed(Subject::new(&self.subject(name)))?;
        match setup::issue_key(app, tenant, subject, KEY_LIFETIME, Earlier::Ends).await {
            Err(Error::NotFound) => Ok(None),
            issued => issued.map(Some),
        }
    }

    fn furnish(&self, furnishing: &mut Furnishing<'_>) -> Result<(), Error> {
        for (name, about, scopes) in self.roles {
            furnishing.role(name, about, scopes)?;
        }
        for (name, roles) in self.groups {
            furnishing.group(name, roles)?;
        }
        for person in self.people {
            furnishing.user(&self.subject(person.name), &self.email(person.name), person)?;
        }
        Ok(())
    }
}

/// Puts things into a tenant, one after the other, so that each can refer to those before it.
struct Furnishing<'f> {
    app: &'f App,
    tenant: Snapshot,
    editor: &'f Editor,
    changes: Vec<Change>,
}

impl Furnishing<'_> {
    fn keep<T>(&mut self, edited: Edited<T>) -> T {
        self.tenant = self.tenant.apply(self.tenant.revision(), self.tenant.moment(), &edited.changes);
        self.changes.extend(edited.changes);
        edited.value
    }

    /// Makes a role with those of its scopes that the catalogue has; none if it has none of them.
    fn role(&mut self, name: &str, about: &str, scopes: &[&str]) -> Result<(), Error> {
        let known = |scope: &&&str| self.tenant.catalogue().find(scope).is_some();
        let scopes: Vec<&str> = scopes.iter().filter(known).copied().collect();
        if scopes.is_empty() {
            return Ok(());
        }
        let new = NewRole {
            name: well_formed(RoleName::new(name))?,
            description: well_formed(Description::new(about))?,
            scopes: scopes.iter().filter_map(|scope| ScopeName::new(scope).ok()).collect(),
        };
        let id = self.app.entropy.role_id(self.editor.at);
        let edited = Role::create(new, id, &self.tenant, self.editor)?;
        self.keep(edited);
        Ok(())
    }

    /// Those of the roles that there are.
    fn by_name(&self, roles: &[&str]) -> Vec<RoleRef> {
        let there =
            |name: &&&str| RoleName::new(name).is_ok_and(|name| self.tenant.role_named(&name).is_some());
        roles.iter().filter(there).map(|name| RoleRef::Name((*name).to_owned())).collect()
    }

    fn group(&mut self, name: &str, roles: &[&str]) -> Result<(), Error> {
        let new = NewGroup {
            name: well_formed(GroupName::new(name))?,
            provider: Provider::Custom,
            description: None,
            external_id: None,
            roles: self.by_name(roles),
        };
        let id = self.app.entropy.group_id(self.editor.at);
        let edited = Group::create(new, id, &self.tenant, self.editor)?;
        self.keep(edited);
        Ok(())
    }

    fn user(&mut self, subject: &str, email: &str, person: &Person) -> Result<(), Error> {
        let new = NewUser {
            subject: well_formed(Subject::new(subject))?,
            name: DisplayName::new(person.name).ok(),
            email: Email::new(email).ok(),
            picture: None,
            invited: false,
            roles: self.by_name(person.roles),
        };
        let nobody = KnownSubject { user: None, license: None };
        let id = self.app.entropy.user_id(self.editor.at);
        let edited = User::create(new, id, nobody, &self.tenant, self.editor)?;
        let user = self.keep(edited);
        let joins = person
            .groups
            .iter()
            .map(|name| UserOp::AddGroup(GroupRef::Name((*name).to_owned(), Provider::Custom)));
        let edited = user.edit(&joins.collect::<Vec<_>>(), &self.tenant, self.editor)?;
        self.keep(edited);
        Ok(())
    }
}

fn well_formed<T>(name: Result<T, NameError>) -> Result<T, Error> {
    name.map_err(Error::internal)
}
