//! Which types of spaces are there, which roles in them, and what does each role allow? (reference/rest-api.md §11)

use crate::words::words;

words! {
    /// The type of a space. It stays what it is.
    SpaceKind {
        /// Users make content together.
        Shared = "shared",
        /// Content is published for those who only use it.
        Managed = "managed",
        /// Data that content is made from.
        Data = "data",
    }
}

words! {
    /// What somebody is in a space.
    SpaceRole {
        /// Sees content in a restricted view.
        BasicConsumer = "basicconsumer",
        /// Edits content together with others.
        CoDeveloper = "codeveloper",
        /// Sees content.
        Consumer = "consumer",
        /// Adds to content that others published.
        Contributor = "contributor",
        /// Uses data.
        DataConsumer = "dataconsumer",
        /// Looks at data.
        DataPreview = "datapreview",
        /// Manages the space and who is in it.
        Facilitator = "facilitator",
        /// Runs what is in the space.
        Operator = "operator",
        /// Makes content.
        Producer = "producer",
        /// Publishes content into the space.
        Publisher = "publisher",
    }
}

words! {
    /// What can be done with a space.
    SpaceAction {
        /// Give it to another owner.
        ChangeOwner = "change_owner",
        /// Make content in it.
        Create = "create",
        /// See it.
        Read = "read",
        /// Change it, and who is in it.
        Update = "update",
        /// Delete it.
        Delete = "delete",
        /// Publish content into it.
        Publish = "publish",
        /// Bind it to an environment.
        LinkEnvironment = "link_environment",
        /// Restrict what may be done with it.
        Restrict = "restrict",
    }
}

/// A set of the values of an enumeration of words, one bit each, in the order of the enumeration.
macro_rules! set {
    ($(#[$doc:meta])* $name:ident of $item:ident, $all:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
        pub struct $name(u16);

        impl $name {
            /// The set without anything.
            pub const NOTHING: Self = Self(0);

            /// The set of these.
            #[must_use]
            pub const fn of(items: &[$item]) -> Self {
                let (mut bits, mut rest) = (0, items);
                while let [first, more @ ..] = rest {
                    bits |= 1 << (*first as u16);
                    rest = more;
                }
                Self(bits)
            }

            /// Whether nothing is in.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Whether this is in.
            #[must_use]
            pub const fn has(self, item: $item) -> bool {
                self.0 >> (item as u16) & 1 == 1
            }

            /// What is in one of the two.
            #[must_use]
            pub const fn or(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// What is in both.
            #[must_use]
            pub const fn and(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// What is in, in the order of the enumeration.
            pub fn iter(self) -> impl Iterator<Item = $item> {
                $all.iter().copied().filter(move |item| self.has(*item))
            }
        }
    };
}

set!(
    /// Roles in a space.
    SpaceRoles of SpaceRole, SpaceRole::ALL
);
set!(
    /// Actions on a space.
    SpaceActions of SpaceAction, SpaceAction::ALL
);

impl SpaceRole {
    /// All there are.
    pub const ALL: &[Self] = &[
        Self::BasicConsumer,
        Self::CoDeveloper,
        Self::Consumer,
        Self::Contributor,
        Self::DataConsumer,
        Self::DataPreview,
        Self::Facilitator,
        Self::Operator,
        Self::Producer,
        Self::Publisher,
    ];

    /// What it allows. The contract does not say which role allows what; this is ours, by what the roles are called.
    #[must_use]
    pub const fn actions(self) -> SpaceActions {
        match self {
            Self::Facilitator => SpaceActions::MANAGING,
            Self::CoDeveloper | Self::Producer => SpaceActions::of(&[SpaceAction::Create, SpaceAction::Read]),
            Self::Publisher => SpaceActions::of(&[SpaceAction::Read, SpaceAction::Publish]),
            Self::BasicConsumer
            | Self::Consumer
            | Self::Contributor
            | Self::DataConsumer
            | Self::DataPreview
            | Self::Operator => SpaceActions::of(&[SpaceAction::Read]),
        }
    }
}

impl SpaceAction {
    /// All there are.
    pub const ALL: &[Self] = &[
        Self::ChangeOwner,
        Self::Create,
        Self::Read,
        Self::Update,
        Self::Delete,
        Self::Publish,
        Self::LinkEnvironment,
        Self::Restrict,
    ];
}

impl SpaceActions {
    /// What whoever manages a space does.
    const MANAGING: Self = Self::of(&[
        SpaceAction::Read,
        SpaceAction::Update,
        SpaceAction::Delete,
        SpaceAction::LinkEnvironment,
        SpaceAction::Restrict,
    ]);
    /// What whoever administers all spaces does with each; what is in it is not theirs.
    pub const ADMINISTERING: Self = Self::MANAGING.or(Self::of(&[SpaceAction::ChangeOwner]));
}

impl SpaceRoles {
    /// What one of them allows.
    #[must_use]
    pub fn actions(self) -> SpaceActions {
        self.iter().fold(SpaceActions::NOTHING, |actions, role| actions.or(role.actions()))
    }
}

impl SpaceKind {
    /// All there are, in the order of the contract.
    pub const ALL: &[Self] = &[Self::Shared, Self::Managed, Self::Data];

    /// The roles that can be assigned in a space of this type.
    #[must_use]
    pub const fn roles(self) -> SpaceRoles {
        SpaceRoles::of(match self {
            Self::Shared => &[
                SpaceRole::CoDeveloper,
                SpaceRole::Consumer,
                SpaceRole::DataConsumer,
                SpaceRole::Facilitator,
                SpaceRole::Producer,
            ],
            Self::Managed => &[
                SpaceRole::BasicConsumer,
                SpaceRole::Consumer,
                SpaceRole::Contributor,
                SpaceRole::DataConsumer,
                SpaceRole::Facilitator,
                SpaceRole::Publisher,
            ],
            Self::Data => &[
                SpaceRole::Consumer,
                SpaceRole::DataConsumer,
                SpaceRole::DataPreview,
                SpaceRole::Facilitator,
                SpaceRole::Operator,
                SpaceRole::Producer,
                SpaceRole::Publisher,
            ],
        })
    }

    /// What the owner of a space of this type may do: what all its roles allow, and give it away.
    #[must_use]
    pub fn owner_actions(self) -> SpaceActions {
        self.roles().actions().or(SpaceActions::of(&[SpaceAction::ChangeOwner]))
    }

    /// The scope that lets somebody make a space of this type: what `SharedSpaceCreator`, `ManagedSpaceCreator` and
    /// `DataSpaceCreator` grant.
    #[must_use]
    pub const fn creating_scope(self) -> &'static str {
        match self {
            Self::Shared => "spaces.shared:create",
            Self::Managed => "spaces.managed",
            Self::Data => "spaces.data",
        }
    }
}
