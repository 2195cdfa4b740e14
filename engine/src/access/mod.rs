//! Who may do what, and why? (reference/access-control.md §1.1)

mod administrators;
mod decide;
mod explain;
mod granting;
mod impact;
mod opaque;
mod paths;
mod people;
mod question;
mod slots;
mod snapshot;
mod spaces;
mod table;
mod timed;

pub use administrators::keep_administrator;
pub use decide::{Decision, Denial, Query, decide};
pub use explain::{Explanation, Way, explain};
pub use impact::{Counts, Impact, UserImpact, impact};
pub use paths::{Grant, Path};
pub use people::{Entry, Roster, UserFacts};
pub use question::{Named, Question, TENANT, evaluate};
pub use snapshot::{GroupFacts, Revision, RoleFacts, Snapshot};
pub use spaces::{SPACE, SpaceFacts, SpaceGrant};
