//! Groups that programs of identity providers make, change and end, and who is in them.
//!
//! Such a group is the tenant's, whoever made it. A program sees and changes those of its members whom it sees; the
//! others stay as they are.

use std::{collections::BTreeSet, sync::Arc};

use rolecall_engine::{
    access::Snapshot,
    change::Edited,
    filter::{Filter, ScimGroupAttribute},
    groups::{Group, NewGroup, Provider},
    ids::{GroupId, IdpId, UserId},
    names::{GroupName, Setting},
    refusal::Rule,
    scim::set_membership,
};

use super::sql::{self, Window};
use crate::{
    app::App,
    db::Reader,
    error::{Error, ScimRefusal},
    groups::{assignments_in_spaces, sql as groups},
    provisioner::Provisioner,
    snapshots,
    write::WriteTx,
};

/// What a program says of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub name: GroupName,
    pub external_id: Option<Setting>,
    pub members: BTreeSet<UserId>,
}

/// A group with the members that the program sees.
pub type Shown = (Group, Vec<UserId>);

/// Members on a page of groups. A page that has them has no further group; the next one begins with it.
const MEMBERS: usize = 10_000;

/// A part of the list of groups, each with its members if these are asked for, and how many groups there are.
pub async fn list(
    app: &App,
    client: &Provisioner,
    filter: Option<Filter<ScimGroupAttribute>>,
    window: Window,
    with_members: bool,
) -> Result<(Vec<Shown>, i64), Error> {
    let provider = client.provider();
    let work = async move |reader: &Reader<'_>, tenant: &Snapshot| {
        let (found, total) = sql::groups_page(reader, tenant, provider, filter.as_ref(), window).await?;
        let (mut shown, mut members) = (Vec::new(), 0);
        for group in found {
            if members >= MEMBERS {
                break;
            }
            let of_group = if with_members {
                sql::members(reader, tenant, provider, group.id).await?
            } else {
                Vec::new()
            };
            members += of_group.len();
            shown.push((group, of_group));
        }
        Ok((shown, total))
    };
    Ok(snapshots::scan(app, client.tenant_id(), work).await?.1)
}

async fn provided(reader: &Reader<'_>, tenant: &Snapshot, id: GroupId) -> Result<Group, Error> {
    let found = groups::find(reader, tenant, id).await?;
    found.filter(|group| group.provider == Provider::Idp).ok_or(Error::NotFound)
}

/// One group, with its members if these are asked for.
pub async fn get(app: &App, client: &Provisioner, id: GroupId, with_members: bool) -> Result<Shown, Error> {
    let provider = client.provider();
    let work = async move |reader: &Reader<'_>, tenant: &Snapshot| {
        let group = provided(reader, tenant, id).await?;
        let members =
            if with_members { sql::members(reader, tenant, provider, id).await? } else { Vec::new() };
        Ok((group, members))
    };
    let found: (Arc<Snapshot>, Shown) = snapshots::scan(app, client.tenant_id(), work).await?;
    Ok(found.1)
}

/// Puts users in a group and takes others out.
async fn change_members(
    tx: &WriteTx<'_>,
    provider: IdpId,
    group: GroupId,
    present: &BTreeSet<UserId>,
    wanted: &BTreeSet<UserId>,
) -> Result<Edited<()>, Error> {
    let changed: Vec<UserId> = present.symmetric_difference(wanted).copied().collect();
    let mut missing: BTreeSet<UserId> = changed.iter().copied().collect();
    let mut edited = Edited::unchanged(());
    for holder in sql::holders(tx.reader(), tx.tenant(), &changed).await? {
        if !holder.is_seen_by(provider) {
            continue;
        }
        let id = holder.user.id;
        missing.remove(&id);
        edited = edited.and(set_membership(holder, group, wanted.contains(&id), tx.tenant(), tx.editor())?);
    }
    match missing.first() {
        None => Ok(edited),
        Some(id) => Err(ScimRefusal::invalid_value(format!("`members`: there is no user `{id}`"))),
    }
}

/// Makes a group.
pub async fn create(app: &App, client: &Provisioner, draft: Draft) -> Result<GroupId, Error> {
    let id = app.entropy.group_id(app.clock.now());
    let provider = client.provider();
    let edit = async move |tx: &WriteTx<'_>| {
        let Draft { name, external_id, members } = draft;

        let new =
            NewGroup { name, provider: Provider::Idp, description: None, external_id, roles: Vec::new() };
        let group = Group::create(new, id, tx.tenant(), tx.editor())?;
        let joined = change_members(tx, provider, id, &BTreeSet::new(), &members).await?;
        Ok(group.map(|group| group.id).and(joined))
    };
    client.write(app, edit).await
}

/// Changes a group to what `to` makes of it and of those of its members that the program sees.
pub async fn edit(
    app: &App,
    client: &Provisioner,
    id: GroupId,
    to: impl FnOnce(&Group, BTreeSet<UserId>) -> Result<Draft, Error> + Send + 'static,
) -> Result<(), Error> {
    let provider = client.provider();
    let edit = async move |tx: &WriteTx<'_>| {
        let group = provided(tx.reader(), tx.tenant(), id).await?;
        let members = sql::members(tx.reader(), tx.tenant(), provider, id).await?;
        let present: BTreeSet<UserId> = members.into_iter().collect();
        let Draft { name, external_id, members } = to(&group, present.clone())?;
        let renamed = group.provisioned(name, external_id, tx.tenant(), tx.editor())?;
        let changed = change_members(tx, provider, id, &present, &members).await?;
        Ok(renamed.map(drop).and(changed))
    };
    client.write(app, edit).await
}

/// Deletes a group, if none of its members is one whom the program may not change.
pub async fn delete(app: &App, client: &Provisioner, id: GroupId) -> Result<(), Error> {
    let provider = client.provider();
    let edit = async move |tx: &WriteTx<'_>| {
        let group = provided(tx.reader(), tx.tenant(), id).await?;
        let members = sql::all_members(tx.reader(), id).await?;
        let has_members = !members.is_empty();
        for holder in sql::holders(tx.reader(), tx.tenant(), &members).await? {
            if !holder.is_seen_by(provider) || holder.changeable(tx.tenant()).is_err() {
                return Err(Rule::MembersOfOthers.into());
            }
        }
        let deleted = group.delete(has_members)?;
        Ok(assignments_in_spaces(tx, id).await?.and(deleted))
    };
    client.write(app, edit).await
}
