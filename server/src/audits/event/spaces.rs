//! What do the events of spaces say? (the contract names them nowhere; the names are in its style)

use rolecall_engine::{
    access::Snapshot,
    names::Description,
    spaces::{self as space, Space, SpaceAssignment},
};

use super::{Kinds, LAST_UPDATED, Member, Members};

pub(super) const SPACE: Kinds =
    Kinds("com.qlik.v1.space.created", "com.qlik.v1.space.updated", "com.qlik.v1.space.deleted");
pub(super) const ASSIGNMENT: Kinds = Kinds(
    "com.qlik.v1.space.assignment.created",
    "com.qlik.v1.space.assignment.updated",
    "com.qlik.v1.space.assignment.deleted",
);

pub(super) fn space_members<'m>(space: &'m Space, tenant: &Snapshot) -> Members<'m, 9> {
    let description = space.description.as_ref().map(Description::as_str);
    [
        ("id", Member::Space(space.id)),
        ("tenantId", Member::Tenant(tenant.tenant().id)),
        ("name", space.name.as_str().into()),
        ("type", space.kind.as_str().into()),
        ("description", description.map_or(Member::Absent, Member::Text)),
        ("ownerId", space.owner.map_or(Member::Absent, Member::User)),
        ("createdAt", Member::Time(space.stamps.created_at)),
        ("createdBy", space.stamps.created_by.map_or(Member::Absent, Member::User)),
        (LAST_UPDATED, Member::Time(space.stamps.updated_at)),
    ]
}

pub(super) fn assignment_members<'m>(assignment: &'m SpaceAssignment, tenant: &Snapshot) -> Members<'m, 8> {
    let stamps = &assignment.stamps;
    let assignee = match assignment.assignee.member() {
        space::Member::User(user) => Member::User(user),
        space::Member::Group(group) => Member::Group(group),
    };
    [
        ("id", Member::SpaceAssignment(assignment.id)),
        ("tenantId", Member::Tenant(tenant.tenant().id)),
        ("spaceId", Member::Space(assignment.space)),
        ("type", assignment.assignee.kind().as_str().into()),
        ("assigneeId", assignee),
        ("roles", Member::SpaceRoles(assignment.roles)),
        ("createdAt", Member::Time(stamps.created_at)),
        (LAST_UPDATED, Member::Time(stamps.updated_at)),
    ]
}
