//! How is a manifest written as a file that reads the same everywhere and always?

use std::{collections::BTreeMap, fmt::Display};

use rolecall_engine::{
    groups::Provider,
    manifest::{Manifest, Section, Setting, Value},
    spaces::SpaceRoles,
};
use serde_json::{Map, Value as Json, json};

/// The file of a manifest, sections and names in a stable order.
///
/// # Errors
/// When it cannot be written as YAML.
pub fn write(manifest: &Manifest) -> anyhow::Result<String> {
    let mut text = String::new();
    for section in Section::ALL.iter().filter(|section| manifest.owned.contains(section)) {
        let part = BTreeMap::from([(section.as_str(), part(manifest, *section))]);
        text.push_str(&serde_saphyr::to_string(&part)?);
    }
    Ok(text)
}

fn part(manifest: &Manifest, section: Section) -> Json {
    match section {
        Section::AutoAssign | Section::GroupSettings | Section::ApiKeys => settings(manifest, section),
        Section::Everyone => texts(manifest.everyone.iter().flatten()),
        Section::UserDefault => texts(manifest.user_default.iter().flatten()),
        Section::Roles => named(manifest.roles.iter().map(|(name, role)| {
            let description = role.description.as_ref().filter(|text| !text.as_str().is_empty());
            (name, object([("description", description.map(text)), ("scopes", Some(texts(&role.scopes)))]))
        })),
        Section::Groups => groups(manifest, Provider::Custom),
        Section::IdpGroups => groups(manifest, Provider::Idp),
        Section::Users => named(manifest.users.iter().map(|(name, user)| {
            let roles = user.roles.as_ref().map(texts);
            (name, object([("roles", roles), ("groups", user.groups.as_ref().map(texts))]))
        })),
        Section::Spaces => named(manifest.spaces.iter().map(|(name, space)| {
            (
                name,
                object([("users", Some(in_space(&space.users))), ("groups", Some(in_space(&space.groups)))]),
            )
        })),
    }
}

fn settings(manifest: &Manifest, section: Section) -> Json {
    let value = |value: &Value| match value {
        Value::On(on) => json!(on),
        Value::Count(count) => json!(count),
        Value::Life(life) => json!(life.as_str()),
    };
    let of: fn(&Setting) -> Section = |setting| setting.section();
    let said = manifest.settings.iter().filter(|(setting, _)| of(setting) == section);
    named(said.map(|(setting, set)| (setting, value(set))))
}

fn groups(manifest: &Manifest, provider: Provider) -> Json {
    let groups = manifest.groups.iter().filter(|((whose, _), _)| *whose == provider);
    named(groups.map(|((_, name), group)| {
        let description = group.description.as_ref().filter(|text| !text.as_str().is_empty());
        (name, object([("description", description.map(text)), ("roles", group.roles.as_ref().map(texts))]))
    }))
}

fn in_space(who: &BTreeMap<String, SpaceRoles>) -> Json {
    named(who.iter().map(|(name, roles)| (name, texts(roles.iter()))))
}

fn text(text: impl Display) -> Json {
    Json::String(plain(text))
}

/// A text in which nothing is taken for a variable.
fn plain(text: impl Display) -> String {
    text.to_string().replace("${", "$${")
}

fn texts(texts: impl IntoIterator<Item = impl Display>) -> Json {
    texts.into_iter().map(text).collect()
}

fn named(things: impl Iterator<Item = (impl Display, Json)>) -> Json {
    things.map(|(name, thing)| (plain(name), thing)).collect::<Map<String, Json>>().into()
}

fn object<const N: usize>(members: [(&str, Option<Json>); N]) -> Json {
    let said = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    said.collect::<Map<String, Json>>().into()
}
