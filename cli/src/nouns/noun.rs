//! What is a thing of a tenant on the command line, and what can be said of it?

use crate::output::Column;

/// A thing of a tenant.
pub struct Noun {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it is called in a sentence.
    pub word: &'static str,
    /// Where it is in the API.
    pub path: &'static str,
    /// The member that tells its things apart.
    pub id: &'static str,
    /// The members by which people call one.
    pub called: &'static [&'static str],
    /// Whether the API looks for one by a filter over these members.
    pub has_filter: bool,
    /// Where the one thing there is is, if there is no list; `{tenant}` stands for the tenant's identifier.
    pub only: Option<&'static str>,
    /// What a table shows.
    pub columns: &'static [Column],
    /// What an answer to a change has that is never shown again.
    pub secret: Option<Column>,
    /// What can be said of one.
    pub fields: &'static [Field],
    /// What can be done besides looking at it.
    pub verbs: &'static [Verb],
    /// What can be put to one and taken from it.
    pub parts: &'static [Part],
}

impl Noun {
    /// One of them, in a sentence.
    pub fn one(&self) -> String {
        let article = if self.word.starts_with(['A', 'O', 'i']) { "an" } else { "a" };
        format!("{article} {}", self.word)
    }
}

/// Something that can be said of a thing.
pub struct Field {
    /// The flag.
    pub flag: &'static str,
    /// The member of the API.
    pub member: &'static str,
    /// What it is.
    pub about: &'static str,
    /// What is said.
    pub kind: Kind,
    /// When it can be said.
    pub when: When,
}

/// What is said in a field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A text, and which one it is where a new thing is said to have none.
    Usually(&'static str),
    /// Yes or no.
    Flag,
    /// A number.
    Number,
    /// Texts.
    Texts,
    /// Names of roles.
    Roles,
}

/// When a field can be said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// It has to be said when one is made, and stays.
    First,
    /// It can be said when one is made, and stays.
    Create,
    /// It has to be said when one is made, and can be changed.
    FirstAndEdit,
    /// At any time.
    Any,
    /// Only of one that is there.
    Edit,
}

impl When {
    pub const fn creates(self) -> bool {
        !matches!(self, Self::Edit)
    }

    pub const fn edits(self) -> bool {
        matches!(self, Self::FirstAndEdit | Self::Any | Self::Edit)
    }

    pub const fn is_required(self) -> bool {
        matches!(self, Self::First | Self::FirstAndEdit)
    }
}

/// What can be done with a thing besides looking at it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Create,
    Edit,
    Rm,
    /// Look at the roles that users and groups have in it, give and take them.
    Roles,
}

/// What can be put to a thing and taken from it, so that nothing that others put or took is lost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Scopes of a role.
    Scope,
    /// Roles of a user or a group.
    Role,
    /// Users of a group.
    Member,
}

impl Part {
    /// The word behind `add-` and `remove-`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Role => "role",
            Self::Member => "member",
        }
    }
}
