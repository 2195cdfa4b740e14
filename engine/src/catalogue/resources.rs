//! What can be acted on, and which scope does an action on it need?
//!
//! A decision is about scopes. A service asks about actions on resources; these tables turn the one into the other. What
//! a service says of a resource or an action can choose between scopes; what it says of the subject cannot, since that is
//! what Rolecall knows better.

use alloc::{string::String, vec::Vec};

use crate::scopes::ScopeName;

/// A kind of resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceType {
    /// The name, unique in the catalogue.
    pub name: String,
    /// What can be done; of the rules of one action the first counts whose conditions hold.
    pub actions: Vec<ActionRule>,
    /// The resources there are, where the product has few that do not change. Others can be asked about too, but they are
    /// not found by a search.
    pub instances: Vec<Instance>,
}

/// Which scope an action needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionRule {
    /// The action.
    pub action: String,
    /// When the rule counts: all of these hold.
    pub when: Vec<Condition>,
    /// The scope.
    pub scope: ScopeName,
}

/// What a condition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A property of the action.
    Action,
    /// A property of the resource.
    Resource,
}

/// A property has a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Whose property.
    pub of: Part,
    /// Its name.
    pub property: String,
    /// The value it has.
    pub is: Plain,
}

/// The value of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plain {
    /// A text.
    Text(String),
    /// A truth value.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
}

/// A resource that is known beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The identifier, unique among those of its type.
    pub id: String,
    /// What holds of it, unless a question says otherwise.
    pub properties: Vec<(String, Plain)>,
}

impl Instance {
    /// The value of a property.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Plain> {
        self.properties.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

impl ResourceType {
    /// The resource with an identifier, if it is known beforehand.
    #[must_use]
    pub fn instance(&self, id: &str) -> Option<&Instance> {
        self.instances.iter().find(|instance| instance.id == id)
    }

    /// The names of the actions, each once.
    pub fn action_names(&self) -> impl Iterator<Item = &str> {
        let first = |at: usize, action: &str| !self.actions.iter().take(at).any(|rule| rule.action == action);
        let named = self.actions.iter().enumerate().map(|(at, rule)| (at, rule.action.as_str()));
        named.filter(move |(at, action)| first(*at, action)).map(|(_, action)| action)
    }
}
