//! Would a tenant refuse what a line asks for? Found out before anything of the line is sent.

use std::collections::HashSet;

use anyhow::{Context as _, bail};
use rolecall_engine::{
    groups::{Group, Provider},
    names::{Description, DisplayName, Email, GroupName, NameError, RoleName, Subject, look_alike},
    oauth::BOT,
    refusal::{Rule, limits},
    users::UserStatus,
};
use serde_json::Value;

use super::{
    file::Line,
    kinds::{Field, Holds},
    tenant::Present,
};
use crate::members::Members as _;

/// The default role of which the scopes can be changed, and that nobody is given.
const USER_DEFAULT: &str = "UserDefault";

/// A line, and what is known of what it is about.
pub struct Asked<'a> {
    /// The line.
    pub line: &'a Line,
    /// What is in the tenant.
    pub present: &'a Present,
    /// What the line is about, if it is there.
    pub thing: Option<&'a Value>,
    /// Whether the line takes what it names.
    pub removes: bool,
    /// Things that were made before.
    pub made: usize,
}

impl Asked<'_> {
    /// Refuses what a tenant would. Scopes that are not known are left to the tenant, which may know them, where it is `asked`.
    ///
    /// # Errors
    /// What the tenant would say.
    pub fn judge(&self, asked: bool) -> anyhow::Result<()> {
        for (field, text) in &self.line.members {
            if field.holds.is_list() {
                self.given(*field, text, asked)?;
            } else if !self.removes {
                self.text(field, text)?;
            }
        }
        match (self.present.noun.name, self.removes) {
            ("user", false) => self.user(),
            ("group", false) => self.group(),
            ("role", _) => self.role(),
            _ => Ok(()),
        }
    }

    fn is_new(&self) -> bool {
        self.thing.is_none()
    }

    fn is_custom(&self) -> bool {
        self.thing.is_none_or(|thing| thing.member("type") != "default")
    }

    fn says(&self, column: &str) -> Option<&str> {
        self.line.text(column)
    }

    /// Whether a line says something else than there is.
    fn differs(&self, column: &str, member: &str) -> bool {
        let present = self.thing.map_or("", |thing| thing.member(member).as_str().unwrap_or_default());
        self.says(column).is_some_and(|text| text != present)
    }

    /// Whether a text can be what its column says. What stays as it is is not judged again.
    fn text(&self, field: &Field, text: &str) -> anyhow::Result<()> {
        if !self.is_new() && (field.holds == Holds::Fixed || !self.differs(field.name, field.member)) {
            return Ok(());
        }
        let checked = match (self.present.noun.name, field.member) {
            (_, "subject") => Subject::new(text).map(drop),
            (_, "email") => Email::new(text).map(drop),
            (_, "description") => Description::new(text).map(drop),
            ("user", "name") => DisplayName::new(text).map(drop),
            ("group", "name") => GroupName::new(text).map(drop),
            ("role", "name") => RoleName::new(text).map(drop),
            _ => Ok(()),
        };
        match checked {
            // A rule of Rolecall's own.
            Err(NameError::MixedScripts(_)) if !self.present.is_rolecall => Ok(()),
            Err(error) => bail!("`{}` {error}", field.name),
            Ok(()) => Ok(()),
        }
    }

    /// Whether what a cell names can be given, or taken.
    fn given(&self, field: Field, text: &str, asked: bool) -> anyhow::Result<()> {
        let given = self.present.named(field.holds, text)?;
        let list = |thing: &Value| thing.member(field.member).as_array().cloned().unwrap_or_default();
        let held = self.thing.map_or_else(Vec::new, list);
        let has = |id: &str| held.iter().any(|item| item == id || item.member("id") == id);
        let more =
            given.iter().filter(|one| !has(&one.id)).map(|one| one.id.as_str()).collect::<HashSet<_>>();
        match (self.present.noun.name, field.holds) {
            _ if self.removes => {}
            ("group", Holds::Roles) if held.len() + more.len() > limits::ROLES_OF_GROUP => {
                bail!(Rule::TooManyGroupRoles(limits::ROLES_OF_GROUP));
            }
            (_, Holds::Roles) => {
                if let Some(role) = given.iter().find(|role| role.called == USER_DEFAULT) {
                    bail!(Rule::NotAssignable(role.called.clone()));
                }
            }
            (_, Holds::Scopes) if held.len() + more.len() > limits::SCOPES_OF_ROLE => {
                bail!(Rule::TooManyScopes(limits::SCOPES_OF_ROLE));
            }
            // Of other default roles nothing can be changed, whatever it is.
            (_, Holds::Scopes) if self.is_custom() || self.line.key() == USER_DEFAULT => {
                self.scopes(&more, asked)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether a role can hold scopes.
    fn scopes(&self, more: &HashSet<&str>, asked: bool) -> anyhow::Result<()> {
        let is_user_default = !self.is_custom();
        for scope in more {
            match self.present.scopes.get(*scope) {
                None if asked => {}
                None if self.present.is_rolecall => bail!(Rule::UnknownScope((*scope).to_owned())),
                None => bail!("the scope `{scope}` is not known; newer ones are left to the tenant"),
                Some((_, false)) if is_user_default => {
                    bail!(Rule::ScopeNotForUserDefault((*scope).to_owned()))
                }
                Some((false, _)) if !is_user_default => {
                    bail!(Rule::ScopeNotForCustomRoles((*scope).to_owned()))
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn user(&self) -> anyhow::Result<()> {
        if self.is_new() && self.line.key().starts_with(BOT) {
            bail!(Rule::SubjectReserved);
        }
        let Some(text) = self.says("status") else { return Ok(()) };
        let wanted: UserStatus = text.parse().context("`status` cannot be used")?;
        let Some(user) = self.thing else {
            return match wanted {
                UserStatus::Active => Ok(()),
                UserStatus::Invited if self.says("email").is_some() => Ok(()),
                UserStatus::Invited => bail!(Rule::InviteNeedsEmail),
                _ => bail!("a user cannot be made `{wanted}`; use `active` or `invited`"),
            };
        };
        let is_step = matches!(wanted, UserStatus::Active | UserStatus::Disabled);
        if self.differs("status", "status") && !is_step {
            let present = user.member("status").as_str().and_then(|status| status.parse().ok());
            bail!(Rule::StatusStep(present.map_or("there", UserStatus::as_str), wanted.as_str()));
        }
        if wanted == UserStatus::Disabled && user.member("id") == self.present.me.member("id") {
            bail!(Rule::OwnAccount);
        }
        Ok(())
    }

    fn group(&self) -> anyhow::Result<()> {
        if let Some(provider) = self.says("provider")
            && !matches!(provider.parse(), Ok(Provider::Idp | Provider::Custom))
        {
            bail!("`provider` is `custom` or `idp`");
        }
        match self.thing {
            Some(group)
                if group.member("providerType") != "custom" && self.differs("description", "description") =>
            {
                bail!(Rule::NotACustomGroup)
            }
            None if self.present.all().count() + self.made >= limits::GROUPS => {
                bail!(Rule::TooManyGroups(limits::GROUPS))
            }
            None if self.present.is_rolecall && look_alike(self.line.key(), Group::EVERYONE) => {
                bail!(Rule::GroupNameReserved(self.line.key().to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn role(&self) -> anyhow::Result<()> {
        let Some(role) = self.thing else { return self.new_role() };
        if self.is_custom() {
            return Ok(());
        }
        let name = self.line.key();
        let has = |scope: &str| {
            role.member("assignedScopes").as_array().is_some_and(|held| held.iter().any(|one| one == scope))
        };
        let scopes = self.present.named(Holds::Scopes, self.says("scopes").unwrap_or_default())?;
        let changes = scopes.iter().any(|scope| has(&scope.id) == self.removes);
        let describes = !self.removes && self.differs("description", "description");
        match name {
            USER_DEFAULT if describes => bail!(Rule::OnlyScopesOf(name.to_owned())),
            USER_DEFAULT => Ok(()),
            _ if changes || describes => bail!(Rule::DefaultRole(name.to_owned())),
            _ => Ok(()),
        }
    }

    fn new_role(&self) -> anyhow::Result<()> {
        if self.present.all().filter(|role| role.member("type") != "default").count() + self.made
            >= limits::CUSTOM_ROLES
        {
            bail!(Rule::TooManyRoles(limits::CUSTOM_ROLES));
        }
        let name = self.line.key();
        let default = self.present.all().filter(|role| role.member("type") == "default");
        let mut names = default.filter_map(|role| role.member("name").as_str());
        match names.find(|default| self.present.is_rolecall && look_alike(name, default)) {
            Some(default) => bail!(Rule::RoleNameReserved(name.to_owned(), default.to_owned())),
            None => Ok(()),
        }
    }
}
