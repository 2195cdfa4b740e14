//! Which users and groups does a program see, and who has what it asks for?

use rolecall_engine::{
    access::Snapshot,
    filter::{Filter, ScimGroupAttribute, ScimUserAttribute},
    groups::Group,
    ids::{GroupId, IdpId, UserId},
    names::Subject,
    scim::Holder,
    users::User,
};

use crate::{
    db::{List, Parameters, Reader, Sort, Test, Value, column},
    error::Error,
    groups::sql as groups,
    users::sql as users,
};

/// A part of a list: how many others stand before it, and how many rows it has at most.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub offset: i64,
    pub count: usize,
}

const BY_ID: &[Sort] = &[Sort::up("id")];

/// The condition that a user is one the program of a provider sees (threats T12): of that provider, or of none that is
/// there, and no program.
fn visible(provider: IdpId, parameters: &mut Parameters) -> String {
    let provider = parameters.add(provider);
    format!(
        "client_id = '' AND (provider_id IS NULL OR provider_id = {provider} OR provider_id NOT IN
         (SELECT p.id FROM identity_providers p WHERE p.tenant_id = $1))"
    )
}

/// A part of the list of users that a filter selects, and how many there are.
pub async fn users_page(
    reader: &Reader<'_>,
    tenant: &Snapshot,
    provider: IdpId,
    filter: Option<&Filter<ScimUserAttribute>>,
    window: Window,
) -> Result<(Vec<User>, i64), Error> {
    let mut list = users::list();
    list.and(|parameters| visible(provider, parameters));
    list.filter(filter, &of_user);
    part(list, reader, window, |row| users::read(row, tenant)).await
}

async fn part<T, const N: usize>(
    list: List<'static, N>,
    reader: &Reader<'_>,
    window: Window,
    read: impl FnMut(&crate::db::Row<'_>) -> Result<T, Error>,
) -> Result<(Vec<T>, i64), Error> {
    let total = list.count(reader).await?;
    let rows = list.slice(reader, BY_ID, (window.offset, window.count), read).await?;
    Ok((rows, total))
}

fn of_user(attribute: ScimUserAttribute, test: Test<'_>, parameters: &mut Parameters) -> String {
    use ScimUserAttribute as A;
    match attribute {
        A::Id => column("id", test, parameters),
        A::UserName => column("coalesce(scim_user_name_fold, subject_fold)", test, parameters),
        A::ExternalId => column("coalesce(scim_external_id_fold, '')", test, parameters),
        A::DisplayName => column("name_fold", test, parameters),
        A::Emails | A::Email => column("email_fold", test, parameters),
        A::Active => column("CASE status WHEN 'disabled' THEN 'false' ELSE 'true' END", test, parameters),
        A::Created => column("created_at", test, parameters),
        A::LastModified => column("updated_at", test, parameters),
    }
}

/// A part of the list of groups of identity providers that a filter selects, and how many there are.
pub async fn groups_page(
    reader: &Reader<'_>,
    tenant: &Snapshot,
    provider: IdpId,
    filter: Option<&Filter<ScimGroupAttribute>>,
    window: Window,
) -> Result<(Vec<Group>, i64), Error> {
    let mut list = groups::list();
    list.and(|_| String::from("provider = 'idp'"));
    list.filter(filter, &|attribute, test, parameters| {
        of_group(attribute, test, parameters, tenant, provider)
    });
    part(list, reader, window, |row| groups::read(row, tenant)).await
}

fn of_group(
    attribute: ScimGroupAttribute,
    test: Test<'_>,
    parameters: &mut Parameters,
    tenant: &Snapshot,
    provider: IdpId,
) -> String {
    use ScimGroupAttribute as A;
    match attribute {
        A::Id => column("id", test, parameters),
        A::DisplayName => column("name_fold", test, parameters),
        A::ExternalId => column("lower(coalesce(external_id, ''))", test, parameters),
        A::Members | A::Member => {
            let condition = column("x.user_id", test, parameters);
            let now = parameters.add(tenant.moment());
            let visible = visible(provider, parameters);
            format!(
                "id IN (SELECT x.group_id FROM user_groups x WHERE x.tenant_id = $1 AND {condition}
                 AND x.valid_from <= {now} AND {now} < x.expires_at
                 AND x.user_id IN (SELECT id FROM users WHERE tenant_id = $1 AND {visible}))"
            )
        }
        A::Created => column("created_at", test, parameters),
        A::LastModified => column("updated_at", test, parameters),
    }
}

/// The members of a group that the program of a provider sees, in the order of their identifiers.
pub async fn members(
    reader: &Reader<'_>,
    tenant: &Snapshot,
    provider: IdpId,
    group: GroupId,
) -> Result<Vec<UserId>, Error> {
    let mut parameters = Parameters::default();
    let (group, now) = (parameters.add(group), parameters.add(tenant.moment()));
    let visible = visible(provider, &mut parameters);
    let sql = format!(
        "SELECT id FROM users WHERE tenant_id = $1 AND {visible} AND id IN
         (SELECT x.user_id FROM user_groups x WHERE x.tenant_id = $1 AND x.group_id = {group}
          AND x.valid_from <= {now} AND {now} < x.expires_at) ORDER BY id"
    );
    reader.all(&sql, &parameters.0, |row| row.parse(0)).await
}

/// All members of a group, whoever sees them, whenever they are in it.
pub async fn all_members(reader: &Reader<'_>, group: GroupId) -> Result<Vec<UserId>, Error> {
    let sql = "SELECT user_id FROM user_groups WHERE tenant_id = $1 AND group_id = $2";
    reader.all(sql, &[group.into()], |row| row.parse(0)).await
}

/// The providers that are there.
async fn providers(reader: &Reader<'_>) -> Result<Vec<IdpId>, Error> {
    reader.all("SELECT id FROM identity_providers WHERE tenant_id = $1", &[], |row| row.parse(0)).await
}

/// These users, each with the provider that the user belongs to.
pub async fn holders(reader: &Reader<'_>, tenant: &Snapshot, ids: &[UserId]) -> Result<Vec<Holder>, Error> {
    let there = providers(reader).await?;
    let found = users::with_ids(reader, tenant, ids).await?;
    let holder = |user: User| Holder { bound: user.provider.filter(|bound| there.contains(bound)), user };
    Ok(found.into_iter().map(holder).collect())
}

/// The user with a subject.
pub async fn with_subject(
    reader: &Reader<'_>,
    tenant: &Snapshot,
    subject: &Subject,
) -> Result<Option<Holder>, Error> {
    match users::with_subject(reader, subject).await? {
        Some(id) => Ok(holders(reader, tenant, &[id]).await?.pop()),
        None => Ok(None),
    }
}

/// Whether no user that the program of a provider sees has a user name, but the one with this identifier.
pub async fn is_free(
    reader: &Reader<'_>,
    provider: IdpId,
    user_name: &str,
    but: Option<UserId>,
) -> Result<bool, Error> {
    let mut parameters = Parameters::default();
    let user_name = parameters.add(user_name.to_owned());
    let but = parameters.add(but.map_or(Value::Text("".into()), Value::from));
    let visible = visible(provider, &mut parameters);
    let sql = format!(
        "SELECT 1 FROM users WHERE tenant_id = $1 AND coalesce(scim_user_name_fold, subject_fold) = {user_name}
         AND id <> {but} AND {visible} LIMIT 1"
    );
    Ok(reader.first(&sql, &parameters.0, |_| Ok(())).await?.is_none())
}

#[cfg(test)]
mod tests {
    use rolecall_engine::filter::{Limits, parse};

    use super::*;
    use crate::db::Db;

    /// What programs look for first is found through an index, however many users there are.
    #[tokio::test]
    async fn users_are_found_through_indexes() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(&folder.path().join("plans.db")).unwrap();
        let tenant = "0123456789abcdefghijklmnopqrstuv".parse().unwrap();
        for (filter, index) in [
            ("userName eq \"x\"", "users_by_user_name (tenant_id=? AND <expr>=?"),
            ("emails.value eq \"x\"", "users_by_email (tenant_id=? AND email_fold=?"),
            ("id eq \"x\"", "(tenant_id=? AND id=?"),
        ] {
            let parsed = parse(filter, Limits::QUERY).unwrap();
            let plan = async move |reader: &Reader<'_>| {
                let mut list = users::list();
                list.and(|parameters| visible(IdpId::new(1, [1; 8]), parameters));
                list.filter(Some(&parsed), &of_user);
                list.plan(reader, BY_ID).await
            };
            let plan = db.read(tenant, plan).await.unwrap();
            assert!(plan.iter().any(|step| step.contains(index)), "{filter}: {plan:?}");
        }
    }
}
