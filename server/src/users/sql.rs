//! How are users stored?

use std::sync::LazyLock;

use rolecall_engine::{
    access::{RoleFacts, Snapshot},
    change::Delta,
    filter::{Filter, UserAttribute},
    ids::{RoleId, UserId},
    names::{DisplayName, Email, Setting, Subject, fold},
    periods::Assigned,
    scim::Profile,
    scopes::ScopeName,
    time::Timestamp,
    users::User,
};

use crate::{
    db::{
        Found, Keyset, List, Parameters, Reader, Row, Sort, Sorts, Table, Test, Value, Writer, column, one_of,
    },
    error::Error,
};

/// What users can be sorted by, and the columns that hold it.
pub const SORTS: Sorts = &[
    ("name", &[Sort::up("name_fold")]),
    ("id", &[Sort::up("id")]),
    ("_id", &[Sort::up("id")]),
    ("tenantId", &[Sort::up("tenant_id")]),
    ("clientId", &[Sort::up("client_id")]),
    ("status", &[Sort::up("status")]),
    ("subject", &[Sort::up("subject_fold")]),
    ("email", &[Sort::up("email_fold")]),
    ("inviteExpiry", &[Sort::up("invite_expires_at")]),
    ("createdAt", &[Sort::up("created_at")]),
];

/// The columns of users.
pub const COLUMNS: usize = 22;

static USERS: LazyLock<Table<COLUMNS>> = LazyLock::new(|| {
    Table::new(
        "users",
        [
            "id",
            "subject",
            "subject_fold",
            "name",
            "name_fold",
            "email",
            "email_fold",
            "picture",
            "locale",
            "zoneinfo",
            "preferred_locale",
            "preferred_zoneinfo",
            "status",
            "invite_expires_at",
            "client_id",
            "created_at",
            "updated_at",
            "provider_id",
            "scim_user_name_fold",
            "scim_external_id_fold",
            "scim_document",
            "scim_waits",
        ],
    )
});

fn setting(setting: Option<&Setting>) -> Value<'_> {
    setting.map(Setting::as_str).into()
}

fn values(user: &User) -> [Value<'_>; COLUMNS] {
    let profile = user.profile.as_ref();
    let email = user.email.as_ref().map(Email::as_str);
    [
        user.id.into(),
        user.subject.as_str().into(),
        fold(user.subject.as_str()).into(),
        user.name.as_str().into(),
        fold(user.name.as_str()).into(),
        email.into(),
        fold(email.unwrap_or_default()).into(),
        setting(user.picture.as_ref()),
        setting(user.locale.as_ref()),
        setting(user.zoneinfo.as_ref()),
        setting(user.preferred_locale.as_ref()),
        setting(user.preferred_zoneinfo.as_ref()),
        user.status.as_str().into(),
        user.invite_expires_at.map_or(0, Timestamp::as_millis).into(),
        user.client_id.as_ref().map_or("", Setting::as_str).into(),
        user.created_at.into(),
        user.updated_at.into(),
        user.provider.into(),
        profile.map(|profile| profile.user_name.as_str()).into(),
        profile.and_then(|profile| profile.external_id.as_deref()).into(),
        profile.map(|profile| profile.document.as_str()).into(),
        profile.is_some_and(|profile| profile.waits).into(),
    ]
}

/// A user as the row has it, with the roles and groups the tenant's snapshot has.
pub fn read(row: &Row<'_>, tenant: &Snapshot) -> Result<User, Error> {
    let id = row.parse(0)?;
    let (roles, groups) = tenant.assignments(id);
    let setting = |column| row.opt_text(column).map(|text| text.map(Setting::stored));
    let client_id = row.text(14)?;
    Ok(User {
        id,
        subject: Subject::stored(row.text(1)?),
        name: DisplayName::stored(row.text(3)?),
        email: row.opt_text(5)?.map(Email::stored),
        picture: setting(7)?,
        locale: setting(8)?,
        zoneinfo: setting(9)?,
        preferred_locale: setting(10)?,
        preferred_zoneinfo: setting(11)?,
        status: row.parse(12)?,
        invite_expires_at: Some(row.integer(13)?).filter(|at| *at > 0).map(Timestamp::from_millis),
        client_id: Some(client_id).filter(|id| !id.is_empty()).map(Setting::stored),
        provider: row.opt_parse(17)?,
        profile: profile(row)?,
        roles,
        groups,
        created_at: row.time(15)?,
        updated_at: row.time(16)?,
    })
}

/// What a program gave of a user.
fn profile(row: &Row<'_>) -> Result<Option<Profile>, Error> {
    let Some(document) = row.opt_text(20)? else { return Ok(None) };
    let user_name = row.opt_text(18)?.unwrap_or_default();
    Ok(Some(Profile { user_name, external_id: row.opt_text(19)?, document, waits: row.boolean(21)? }))
}

/// All users, for lists that another room makes.
pub fn list() -> List<'static, COLUMNS> {
    List::of(&USERS)
}

/// One user.
pub async fn find(reader: &Reader<'_>, tenant: &Snapshot, id: UserId) -> Result<Option<User>, Error> {
    reader.find(&USERS, id, |row| read(row, tenant)).await
}

/// The users with these identifiers, in no order.
pub async fn with_ids(reader: &Reader<'_>, tenant: &Snapshot, ids: &[UserId]) -> Result<Vec<User>, Error> {
    let mut parameters = Parameters::default();
    let condition = one_of("id", ids, &mut parameters);
    reader.matching(&USERS, &condition, &parameters.0, |row| read(row, tenant)).await
}

/// The user with a subject.
pub async fn with_subject(reader: &Reader<'_>, subject: &Subject) -> Result<Option<UserId>, Error> {
    let sql = "SELECT id FROM users WHERE tenant_id = $1 AND subject = $2";
    reader.first(sql, &[subject.as_str().into()], |row| row.parse(0)).await
}

/// A page of the users that a filter selects.
pub async fn page(
    reader: &Reader<'_>,
    tenant: &Snapshot,
    filter: Option<&Filter<UserAttribute>>,
    keyset: &Keyset,
) -> Result<Found<User>, Error> {
    selected(tenant, filter).page(reader, keyset, |row| read(row, tenant)).await
}

fn selected(tenant: &Snapshot, filter: Option<&Filter<UserAttribute>>) -> List<'static, COLUMNS> {
    let mut list = List::of(&USERS);
    list.filter(filter, &|attribute, test, parameters| compare(attribute, test, parameters, tenant));
    list
}

fn compare(
    attribute: UserAttribute,
    test: Test<'_>,
    parameters: &mut Parameters,
    tenant: &Snapshot,
) -> String {
    match attribute {
        UserAttribute::Id => column("id", test, parameters),
        UserAttribute::Subject => column("subject_fold", test, parameters),
        UserAttribute::Name => column("name_fold", test, parameters),
        UserAttribute::Email => column("email_fold", test, parameters),
        UserAttribute::Status => column("status", test, parameters),
        UserAttribute::ClientId => column("lower(client_id)", test, parameters),
        UserAttribute::RoleId => {
            let condition = column("x.role_id", test, parameters);
            holds_directly(&condition, parameters, tenant)
        }
        UserAttribute::RoleName => {
            let roles = tenant.roles().filter(|role| test.passes([role.name.as_str()])).map(|role| role.id);
            let condition = one_of("x.role_id", roles, parameters);
            holds_directly(&condition, parameters, tenant)
        }
        UserAttribute::GroupId => {
            let condition = column("x.group_id", test, parameters);
            let now = holds_now(parameters, tenant);
            format!(
                "id IN (SELECT x.user_id FROM user_groups x WHERE x.tenant_id = $1 AND {condition} AND {now})"
            )
        }
        UserAttribute::GroupRoleName => {
            let roles = tenant.roles().filter(|role| test.passes([role.name.as_str()])).map(|role| role.id);
            let condition = one_of("g.role_id", roles, parameters);
            holds_by_group(&condition, parameters, tenant)
        }
        UserAttribute::Scope => effective_scope(test, parameters, tenant),
    }
}

/// The condition that what `x` assigns holds at the moment of the snapshot.
fn holds_now(parameters: &mut Parameters, tenant: &Snapshot) -> String {
    let now = parameters.add(tenant.moment());
    format!("x.valid_from <= {now} AND {now} < x.expires_at")
}

fn holds_directly(condition: &str, parameters: &mut Parameters, tenant: &Snapshot) -> String {
    let now = holds_now(parameters, tenant);
    format!("id IN (SELECT x.user_id FROM user_roles x WHERE x.tenant_id = $1 AND {condition} AND {now})")
}

fn holds_by_group(condition: &str, parameters: &mut Parameters, tenant: &Snapshot) -> String {
    let now = holds_now(parameters, tenant);
    format!(
        "id IN (SELECT x.user_id FROM group_roles g
         JOIN user_groups x ON x.tenant_id = g.tenant_id AND x.group_id = g.group_id
         WHERE g.tenant_id = $1 AND {condition} AND {now})"
    )
}

/// The condition that a user is granted a scope by any path (reference/access-control.md §1.1).
fn effective_scope(test: Test<'_>, parameters: &mut Parameters, tenant: &Snapshot) -> String {
    let grants = |role: &&RoleFacts| {
        let scopes = role.grants.iter().filter_map(|scope| tenant.scope_name(scope));
        test.passes(scopes.map(ScopeName::as_str))
    };
    if tenant.roles_of_everybody().any(|role| grants(&role)) {
        return String::from("1 = 1");
    }
    let roles: Vec<RoleId> = tenant.roles().filter(grants).map(|role| role.id).collect();
    let condition = one_of("x.role_id", roles.iter().copied(), parameters);
    let direct = holds_directly(&condition, parameters, tenant);
    let condition = one_of("g.role_id", roles, parameters);
    let by_group = holds_by_group(&condition, parameters, tenant);
    format!("({direct} OR {by_group})")
}

const ASSIGNED_ROLE: [&str; 3] = ["role_id", "valid_from", "expires_at"];
const ASSIGNED_GROUP: [&str; 3] = ["group_id", "valid_from", "expires_at"];

fn row<'v, T: Copy + Into<Value<'v>>>(assigned: &Assigned<T>) -> [Value<'v>; 3] {
    let [from, until] = assigned.period.millis();
    [assigned.to.into(), from.into(), until.into()]
}

/// Stores what happened to a user. With a user go its roles and memberships.
pub async fn store(writer: &mut Writer<'_>, delta: &Delta<User>) -> Result<(), Error> {
    writer.store(&USERS, delta, values).await?;
    let Some(after) = delta.after() else { return Ok(()) };
    let owner = || ("user_id", after.id.into());
    if delta.before().is_none_or(|before| before.roles != after.roles) {
        writer.replace_list("user_roles", owner(), ASSIGNED_ROLE, after.roles.iter().map(row)).await?;
    }
    if delta.before().is_none_or(|before| before.groups != after.groups) {
        writer.replace_list("user_groups", owner(), ASSIGNED_GROUP, after.groups.iter().map(row)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rolecall_engine::{
        access::Revision,
        catalogue::Catalogue,
        change::Editor,
        filter::{Limits, parse},
        tenants::Tenant,
    };

    use super::*;
    use crate::db::Db;

    /// What a filter asks for is found through an index, however many users there are.
    #[tokio::test]
    async fn filters_use_the_index_that_serves_them() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(&folder.path().join("plans.db")).unwrap();
        let id = "0123456789abcdefghijklmnopqrstuv".parse().unwrap();
        let tenant = Tenant::create(
            id,
            DisplayName::stored("T".to_owned()),
            Vec::new(),
            &Editor::system(Timestamp::from_millis(0)),
        );
        let tenant = Arc::new(Snapshot::new(
            Arc::new(Catalogue::qlik()),
            tenant.value,
            Revision::default(),
            Timestamp::EPOCH,
        ));
        for (filter, index) in [
            ("name eq \"x\"", "users_by_name (tenant_id=? AND name_fold=?"),
            ("name sw \"x\"", "users_by_name (tenant_id=? AND name_fold>?"),
            ("name co \"x\"", "users_by_name (tenant_id=?)"),
            ("subject eq \"x\"", "users_by_subject (tenant_id=? AND subject_fold=?"),
            ("email eq \"x\"", "users_by_email (tenant_id=? AND email_fold=?"),
            ("status eq \"active\" and name eq \"x\"", "users_by_name (tenant_id=? AND name_fold=?"),
            ("assignedRoles.id eq \"x\"", "user_roles_by_role (tenant_id=? AND role_id=?"),
        ] {
            let parsed = parse(filter, Limits::QUERY).unwrap();
            let tenant = Arc::clone(&tenant);
            let plan = async move |reader: &Reader<'_>| {
                selected(&tenant, Some(&parsed)).plan(reader, &[Sort::up("name_fold"), Sort::up("id")]).await
            };
            let plan = db.read(id, plan).await.unwrap();
            assert!(plan.iter().any(|step| step.contains(index)), "{filter}: {plan:?}");
        }
    }
}
