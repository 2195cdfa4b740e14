//! Which resources does a filter select? (RFC 7644 §3.4.2.2, reference/rest-api.md §1.4)
//!
//! [`parse`] reads the text of a request into a tree over the attributes of one kind of resource. The store turns the
//! tree into a query; [`Filter::selects`] evaluates it in memory.

mod attributes;
mod parse;

use alloc::{boxed::Box, string::String, vec::Vec};

pub use attributes::{
    Attribute, ClientAttribute, EventAttribute, GroupAttribute, ItemAttribute, Kind, LicenseAttribute,
    RoleAttribute, ScimGroupAttribute, ScimUserAttribute, UserAttribute,
};
pub use parse::{FilterError, Limits, Problem, parse};

use crate::time::Timestamp;

/// A filter over the attributes `A`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter<A> {
    /// Every one of these selects.
    All(Vec<Self>),
    /// One of these selects.
    Any(Vec<Self>),
    /// This does not select.
    Not(Box<Self>),
    /// The attribute has a value, and the value compares.
    Compare(A, Compare, Operand),
    /// The attribute has a value.
    Present(A),
}

/// How a value is compared. Texts are compared folded, without regard to case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// `eq`: is the same.
    Equal,
    /// `co`: contains.
    Contains,
    /// `sw`: begins with.
    StartsWith,
    /// `ew`: ends with.
    EndsWith,
    /// `gt`: is behind.
    Greater,
    /// `ge`: is the same or behind.
    GreaterOrEqual,
    /// `lt`: is before.
    Less,
    /// `le`: is the same or before.
    LessOrEqual,
}

/// A value of an attribute, or the value one is compared with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operand {
    /// A text, folded and not empty; also `true` or `false`.
    Text(String),
    /// A point in time.
    Time(Timestamp),
}

impl<A: Copy + PartialEq> Filter<A> {
    /// Whether the filter selects a resource whose attributes have these values; none for an absent attribute, several
    /// for one with many values. One value that compares is enough.
    pub fn selects(&self, values: &impl Fn(A) -> Vec<Operand>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.selects(values)),
            Self::Any(parts) => parts.iter().any(|part| part.selects(values)),
            Self::Not(part) => !part.selects(values),
            Self::Compare(attribute, compare, operand) => {
                values(*attribute).iter().any(|value| compare.holds(value, operand))
            }
            Self::Present(attribute) => !values(*attribute).is_empty(),
        }
    }

    /// Whether the attribute occurs.
    pub fn mentions(&self, attribute: A) -> bool {
        self.any_attribute(&|found| found == attribute)
    }

    fn any_attribute(&self, test: &impl Fn(A) -> bool) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.any_attribute(test)),
            Self::Not(part) => part.any_attribute(test),
            Self::Compare(attribute, ..) | Self::Present(attribute) => test(*attribute),
        }
    }

    /// Whether the filter is a conjunction in which `attribute` keeps to parts of its own: what the contract asks of
    /// `status` in filters of users (reference/rest-api.md §1.4).
    fn keeps_apart(&self, attribute: A) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.keeps_apart(attribute)),
            other => !other.mentions(attribute) || !other.any_attribute(&|found| found != attribute),
        }
    }
}

impl Compare {
    /// Whether a value compares to the operand.
    #[must_use]
    pub fn holds(self, value: &Operand, operand: &Operand) -> bool {
        let texts = match (value, operand) {
            (Operand::Text(value), Operand::Text(operand)) => Some((value.as_str(), operand.as_str())),
            _ => None,
        };
        match self {
            Self::Equal => value == operand,
            Self::Contains => texts.is_some_and(|(value, operand)| value.contains(operand)),
            Self::StartsWith => texts.is_some_and(|(value, operand)| value.starts_with(operand)),
            Self::EndsWith => texts.is_some_and(|(value, operand)| value.ends_with(operand)),
            Self::Greater => value > operand,
            Self::GreaterOrEqual => value >= operand,
            Self::Less => value < operand,
            Self::LessOrEqual => value <= operand,
        }
    }
}
