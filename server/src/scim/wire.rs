//! What do users and groups look like to programs that provision them? (RFC 7643 §4)

use std::marker::PhantomData;

use rolecall_engine::{
    access::Snapshot,
    groups,
    ids::{GroupId, UserId},
    names::{DisplayName, Email, NameError, Setting, Subject, fold},
    scim::{Profile, Provisioned},
    time::Timestamp,
    users::{self, UserStatus},
};
use schemars::{JsonSchema, Schema as JsonShape, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::schema::{GROUP, USER};
use crate::{
    error::{Error, ScimRefusal},
    http::json,
    links::Links,
};

/// Bytes of the longest document that is kept of a user.
const DOCUMENT: usize = 32 * 1024;

/// What kind of thing a resource is, and where it is.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ScimMeta")]
pub struct Meta {
    /// `User` or `Group`.
    pub resource_type: &'static str,
    /// When it was made.
    pub created: String,
    /// When it was last changed.
    pub last_modified: String,
    /// Where it is.
    pub location: String,
}

/// A user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ScimUser")]
#[expect(clippy::struct_field_names, reason = "named like the attributes")]
pub struct User {
    /// The schema of users.
    #[serde(skip_deserializing, skip_serializing_if = "Vec::is_empty")]
    pub schemas: Vec<String>,
    /// 24 hexadecimal digits.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What the provider calls the user: the subject, if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Unique among the users of the provider, without regard to case; the subject, if there is no external identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// The name and its parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Whether the user may log in; true if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Addresses; the primary one counts, else the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<Item>,
    /// Pictures; the primary one counts, else the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<Item>,
    /// The groups of identity providers that the user is in.
    #[serde(skip_deserializing, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Reference>,
    /// Where it is, and since when.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The name of a user and its parts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ScimName")]
#[expect(clippy::struct_field_names, reason = "named like the attributes")]
pub struct Name {
    /// The whole name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    /// The family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// The given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// Middle names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// What stands before the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub honorific_prefix: Option<String>,
    /// What stands behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub honorific_suffix: Option<String>,
}

/// One of several values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ScimItem")]
pub struct Item {
    /// The value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What to show for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// What it is for.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Whether it is the one that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary: Option<bool>,
}

/// A member of a group, or a group that a user is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ScimReference")]
pub struct Reference {
    /// The identifier.
    pub value: String,
    /// Where it is.
    #[serde(rename = "$ref", default)]
    pub at: String,
    /// The name of a group.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// `User`, or how a user is in a group: `direct`.
    #[serde(rename = "type", default)]
    pub kind: String,
}

/// A group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ScimGroup")]
pub struct Group {
    /// The schema of groups.
    #[serde(skip_deserializing, skip_serializing_if = "Vec::is_empty")]
    pub schemas: Vec<String>,
    /// 24 hexadecimal digits.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What the provider calls the group beside its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Unique among the groups of identity providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The users in it that the program sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Reference>,
    /// Where it is, and since when.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ScimList{T}")]
pub struct List<T> {
    /// That of lists.
    pub schemas: [&'static str; 1],
    /// Resources on the whole list.
    pub total_results: i64,
    /// The place of the first one here, counted from 1.
    pub start_index: i64,
    /// Resources here.
    pub items_per_page: usize,
    /// The resources.
    #[serde(rename = "Resources")]
    pub resources: Vec<T>,
}

impl<T> List<T> {
    pub const fn new(resources: Vec<T>, total_results: i64, start_index: i64) -> Self {
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:ListResponse"];
        Self { schemas, total_results, start_index, items_per_page: resources.len(), resources }
    }
}

/// A resource, as sent.
pub struct Sent<T>(Map<String, Value>, PhantomData<fn() -> T>);

impl<'de, T> Deserialize<'de> for Sent<T> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        Map::deserialize(reader).map(|members| Self(members, PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Sent<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> JsonShape {
        T::json_schema(generator)
    }
}

/// What members in their form say.
pub fn typed<T: serde::de::DeserializeOwned>(members: Map<String, Value>) -> Result<T, Error> {
    json::convert(Value::Object(members), "")
}

impl Sent<User> {
    /// # Errors
    /// When an attribute cannot have the value it has.
    pub fn read(self) -> Result<User, Error> {
        typed(USER.canonical(self.0)?)
    }
}

impl Sent<Group> {
    /// # Errors
    /// When an attribute cannot have the value it has.
    pub fn read(self) -> Result<Group, Error> {
        typed(GROUP.canonical(self.0)?)
    }
}

/// The item that counts.
fn main_item(items: &[Item]) -> Option<usize> {
    let primary = items.iter().position(|item| item.primary == Some(true) && item.value.is_some());
    primary.or_else(|| items.iter().position(|item| item.value.is_some()))
}

fn main_value(items: &[Item]) -> Option<&str> {
    items.get(main_item(items)?)?.value.as_deref()
}

/// Puts a value in place of the one that counts.
fn set_main(items: &mut Vec<Item>, value: Option<&str>, kind: &str) {
    match (main_item(items), value) {
        (Some(at), None) => drop(items.remove(at)),
        (Some(at), Some(value)) => {
            if let Some(item) = items.get_mut(at) {
                item.value = Some(value.to_owned());
            }
        }
        (None, Some(value)) => items.push(Item {
            value: Some(value.to_owned()),
            kind: Some(kind.to_owned()),
            primary: Some(true),
            display: None,
        }),
        (None, None) => {}
    }
}

fn wrong(attribute: &'static str) -> impl FnOnce(NameError) -> Error {
    move |error| ScimRefusal::invalid_value(format!("`{attribute}`: {error}"))
}

fn text(setting: Option<&Setting>) -> Option<String> {
    setting.map(Setting::to_string)
}

impl User {
    /// A user as the program gave it, with what has changed since.
    pub fn of(user: &users::User) -> Self {
        let kept =
            user.profile.as_ref().and_then(|profile| serde_json::from_str::<Self>(&profile.document).ok());
        let mut known =
            kept.unwrap_or_else(|| Self { user_name: Some(user.subject.to_string()), ..Self::default() });
        let is_named = known.shown_name().is_ok_and(|name| name == user.name);
        if !is_named {
            known.display_name = Some(user.name.to_string());
        }
        let email = user.email.as_ref().map(Email::as_str);
        if main_value(&known.emails) != email {
            set_main(&mut known.emails, email, "work");
        }
        let picture = user.picture.as_ref().map(Setting::as_str);
        if main_value(&known.photos) != picture {
            set_main(&mut known.photos, picture, "photo");
        }
        Self {
            locale: text(user.locale.as_ref()),
            timezone: text(user.zoneinfo.as_ref()),
            active: Some(user.status != UserStatus::Disabled),
            ..known
        }
    }

    /// The same as a resource.
    pub fn shown(user: &users::User, tenant: &Snapshot, links: &Links) -> Self {
        let at = |path: &str, id: &dyn std::fmt::Display| links.to(format_args!("/scim/v2/{path}/{id}")).href;
        let provided = |group: &GroupId| {
            let facts = tenant.group(*group).filter(|facts| facts.provider == groups::Provider::Idp)?;
            Some(Reference {
                value: group.to_string(),
                at: at("Groups", group),
                display: Some(facts.name.to_string()),
                kind: "direct".to_owned(),
            })
        };
        let held =
            user.groups.iter().filter(|group| group.period.holds(tenant.moment())).map(|group| group.to);
        Self {
            schemas: vec![USER.id.clone()],
            id: Some(user.id.to_string()),
            groups: held.filter_map(|group| provided(&group)).collect(),
            meta: Some(meta("User", user.created_at, user.updated_at, at("Users", &user.id))),
            ..Self::of(user)
        }
    }

    /// The name to show: the one that is given, else one that is made of what is.
    fn shown_name(&self) -> Result<DisplayName, NameError> {
        let parts = |name: &Name| {
            let parts: Vec<&str> =
                [&name.given_name, &name.family_name].into_iter().flatten().map(String::as_str).collect();
            Some(parts.join(" ")).filter(|joined| !joined.is_empty())
        };
        let name = self.name.as_ref();
        let given = self.display_name.clone().or_else(|| name?.formatted.clone()).or_else(|| parts(name?));
        let other = || main_value(&self.emails).map(str::to_owned).or_else(|| self.user_name.clone());
        DisplayName::new(&given.or_else(other).unwrap_or_default())
    }

    /// What is to become of a user by this.
    ///
    /// # Errors
    /// When an attribute is missing or cannot have the value it has.
    pub fn provisioned(self) -> Result<Provisioned, Error> {
        let missing = || ScimRefusal::invalid_value("`userName` must have a value");
        let user_name = self.user_name.clone().ok_or_else(missing)?;
        let subject = self.external_id.as_deref().unwrap_or(&user_name);
        for items in [&self.emails, &self.photos] {
            if items.iter().filter(|item| item.primary == Some(true)).count() > 1 {
                return Err(ScimRefusal::invalid_value("only one value can be the primary one"));
            }
        }
        let setting = |value: Option<&str>| value.map(|value| Setting::stored(value.to_owned()));
        let email = main_value(&self.emails).map(Email::new).transpose().map_err(wrong("emails"))?;
        let kept = Self {
            active: None,
            schemas: Vec::new(),
            id: None,
            groups: Vec::new(),
            meta: None,
            ..self.clone()
        };
        let document = serde_json::to_string(&kept).map_err(Error::internal)?;
        if document.len() > DOCUMENT {
            return Err(ScimRefusal::invalid_value(format!("a user has at most {DOCUMENT} bytes")));
        }
        Ok(Provisioned {
            subject: Subject::new(subject).map_err(wrong("userName"))?,
            name: self.shown_name().map_err(wrong("displayName"))?,
            email,
            picture: setting(main_value(&self.photos)),
            locale: setting(self.locale.as_deref()),
            zoneinfo: setting(self.timezone.as_deref()),
            active: self.active,
            profile: Profile {
                user_name: fold(&user_name),
                external_id: self.external_id.as_deref().map(fold),
                document,
                waits: false,
            },
            user_name,
        })
    }
}

fn meta(resource_type: &'static str, created: Timestamp, modified: Timestamp, location: String) -> Meta {
    Meta { resource_type, created: created.to_string(), last_modified: modified.to_string(), location }
}

impl Group {
    /// A group with those of its members that the program sees.
    pub fn shown(group: &groups::Group, members: Vec<UserId>, links: &Links) -> Self {
        let at = |path: &str, id: &dyn std::fmt::Display| links.to(format_args!("/scim/v2/{path}/{id}")).href;
        let member = |id: UserId| Reference {
            at: at("Users", &id),
            value: id.to_string(),
            display: None,
            kind: "User".to_owned(),
        };
        let location = at("Groups", &group.id);
        Self {
            schemas: vec![GROUP.id.clone()],
            id: Some(group.id.to_string()),
            external_id: text(group.external_id.as_ref()),
            display_name: Some(group.name.to_string()),
            members: members.into_iter().map(member).collect(),
            meta: Some(meta("Group", group.stamps.created_at, group.stamps.updated_at, location)),
        }
    }
}

/// The members of a resource in their form.
pub fn members_of<T: Serialize>(resource: &T) -> Result<Map<String, Value>, Error> {
    match serde_json::to_value(resource).map_err(Error::internal)? {
        Value::Object(members) => Ok(members),
        _ => Err(Error::internal("a resource that is no object")),
    }
}
