//! How is a tenant stored?

use std::sync::LazyLock;

use rolecall_engine::{
    access::Revision,
    api_keys::{ApiKeySettings, Lifetime},
    change::Delta,
    ids::{RoleId, TenantId},
    licenses::LicenseSettings,
    names::{DisplayName, Hostname},
    sessions::SessionLimits,
    tenants::{AutoAssignFlags, Place, Tenant},
    time::Timestamp,
};

use crate::{
    db::{Reader, Row, System, Table, Value, Writer},
    error::Error,
};

static TENANTS: LazyLock<Table<23>> = LazyLock::new(|| {
    Table::single(
        "tenants",
        [
            "name",
            "status",
            "status_updated_at",
            "region",
            "datacenter",
            "created_by",
            "created_at",
            "updated_at",
            "auto_assign_shared_spaces",
            "auto_assign_private_content",
            "auto_assign_data_services",
            "enable_analytic_creation",
            "enable_app_opening_feedback",
            "auto_create_groups",
            "auto_assign_professional",
            "auto_assign_analyzer",
            "max_keys_per_user",
            "max_key_lifetime",
            "external_key_lifetime",
            "session_inactivity_minutes",
            "session_lifespan_minutes",
            "purge_at",
            "license_hash",
        ],
    )
});

fn values(tenant: &Tenant) -> [Value<'_>; 23] {
    [
        tenant.name.as_str().into(),
        tenant.status.as_str().into(),
        tenant.status_updated_at.into(),
        tenant.place.region.as_str().into(),
        tenant.place.datacenter.as_str().into(),
        tenant.created_by.into(),
        tenant.created_at.into(),
        tenant.updated_at.into(),
        tenant.auto_assign.shared_spaces.into(),
        tenant.auto_assign.private_content.into(),
        tenant.auto_assign.data_services.into(),
        tenant.enable_analytic_creation.into(),
        tenant.enable_app_opening_feedback.into(),
        tenant.auto_create_groups.into(),
        tenant.licenses.auto_assign_professional.into(),
        tenant.licenses.auto_assign_analyzer.into(),
        i64::from(tenant.api_keys.max_per_user).into(),
        tenant.api_keys.max_lifetime.as_str().into(),
        tenant.api_keys.external_lifetime.as_str().into(),
        tenant.sessions.inactivity_minutes.into(),
        tenant.sessions.lifespan_minutes.into(),
        tenant.purge_at.into(),
        tenant.license.map(|hash| hash.to_vec()).into(),
    ]
}

fn of_another_length(_: Vec<u8>) -> Error {
    Error::internal("a hash has 32 bytes")
}

fn read(id: TenantId, row: &Row<'_>) -> Result<Tenant, Error> {
    let lifetime = |column| Lifetime::new(&row.text(column)?).map_err(Error::internal);
    Ok(Tenant {
        id,
        hostnames: Vec::new(),
        name: DisplayName::stored(row.text(0)?),
        status: row.parse(1)?,
        status_updated_at: row.time(2)?,
        place: Place { region: row.text(3)?, datacenter: row.text(4)? },
        created_by: row.opt_parse(5)?,
        created_at: row.time(6)?,
        updated_at: row.time(7)?,
        auto_assign: AutoAssignFlags {
            shared_spaces: row.boolean(8)?,
            private_content: row.boolean(9)?,
            data_services: row.boolean(10)?,
        },
        enable_analytic_creation: row.boolean(11)?,
        enable_app_opening_feedback: row.boolean(12)?,
        auto_create_groups: row.boolean(13)?,
        licenses: LicenseSettings {
            auto_assign_professional: row.boolean(14)?,
            auto_assign_analyzer: row.boolean(15)?,
        },
        api_keys: ApiKeySettings {
            max_per_user: u32::try_from(row.integer(16)?).map_err(Error::internal)?,
            max_lifetime: lifetime(17)?,
            external_lifetime: lifetime(18)?,
        },
        sessions: SessionLimits { inactivity_minutes: row.integer(19)?, lifespan_minutes: row.integer(20)? },
        purge_at: row.opt_time(21)?,
        license: row.opt_bytes(22)?.map(TryInto::try_into).transpose().map_err(of_another_length)?,
    })
}

/// The tenant and its revision.
pub async fn find(reader: &Reader<'_>) -> Result<Option<(Tenant, Revision)>, Error> {
    let id = reader.tenant();
    let found = reader.whole(&TENANTS, |row| read(id, row)).await?.pop();
    let (Some(mut tenant), Some(revision)) = (found, revision(reader).await?) else { return Ok(None) };
    let hostnames = "SELECT hostname FROM hostnames WHERE tenant_id = $1 ORDER BY position";
    tenant.hostnames = reader.all(hostnames, &[], |row| row.text(0).map(Hostname::stored)).await?;
    Ok(Some((tenant, revision)))
}

/// The tenant's revision; none if there is no such tenant.
pub async fn revision(reader: &Reader<'_>) -> Result<Option<Revision>, Error> {
    let sql = "SELECT revision FROM tenants WHERE tenant_id = $1";
    reader.first(sql, &[], |row| row.integer(0).map(Revision)).await
}

/// Stores the tenant's next revision.
pub async fn set_revision(writer: &mut Writer<'_>, Revision(next): Revision) -> Result<(), Error> {
    writer.execute("UPDATE tenants SET revision = $2 WHERE tenant_id = $1", &[next.into()]).await.map(drop)
}

/// Stores what happened to the tenant. It goes with all of its rows, and not by a change.
pub async fn store(writer: &mut Writer<'_>, delta: &Delta<Tenant>) -> Result<(), Error> {
    let Some(after) = delta.after() else { return Err(Error::internal("a tenant cannot be deleted")) };
    writer.store(&TENANTS, delta, values).await?;
    if delta.before().is_none_or(|before| before.hostnames != after.hostnames) {
        writer.execute("DELETE FROM hostnames WHERE tenant_id = $1", &[]).await?;
        let insert = "INSERT INTO hostnames (tenant_id, hostname, position) VALUES ($1, $2, $3)";
        for (position, hostname) in (0_i64..).zip(&after.hostnames) {
            writer.execute(insert, &[hostname.as_str().into(), position.into()]).await?;
        }
    }
    Ok(())
}

/// Whether another tenant has a host name. This answers yes or no and nothing about the other tenant.
pub async fn has_hostname(reader: &Reader<'_>, hostname: &Hostname) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM hostnames WHERE hostname = $2 AND tenant_id <> $1";
    Ok(reader.first(sql, &[hostname.as_str().into()], |_| Ok(())).await?.is_some())
}

/// The tenant that has a host name.
pub async fn by_hostname(system: &System<'_>, hostname: &str) -> Result<Option<TenantId>, Error> {
    let sql = "SELECT tenant_id FROM hostnames WHERE hostname = $1";
    Ok(system.all(sql, &[hostname.into()], |row| row.parse(0)).await?.pop())
}

/// The tenant, if there is one and no other. Those about to be gone do not count.
pub async fn only(system: &System<'_>) -> Result<Option<TenantId>, Error> {
    let sql = "SELECT tenant_id FROM tenants WHERE status <> 'deleted' LIMIT 2";
    let two = system.all(sql, &[], |row| row.parse(0)).await?;
    Ok(if let [only] = *two { Some(only) } else { None })
}

/// Every tenant with its name, the oldest first, but those about to be gone.
pub async fn all(system: &System<'_>) -> Result<Vec<(TenantId, String)>, Error> {
    let sql = "SELECT tenant_id, name FROM tenants WHERE status <> 'deleted' ORDER BY created_at, tenant_id";
    system.all(sql, &[], |row| Ok((row.parse(0)?, row.text(1)?))).await
}

/// Tenants whose day of deletion has come.
pub async fn due(system: &System<'_>, now: Timestamp) -> Result<Vec<TenantId>, Error> {
    let sql = "SELECT tenant_id FROM tenants WHERE purge_at <= $1 AND status IN ('disabled', 'deleted')
               ORDER BY purge_at LIMIT 100";
    system.all(sql, &[now.into()], |row| row.parse(0)).await
}

/// The tenants that do not have all of some roles; not those about to be gone. One pass over an index, however many roles there are.
pub async fn without_some(system: &System<'_>, roles: &[RoleId]) -> Result<Vec<TenantId>, Error> {
    let places: Vec<String> = (1..=roles.len()).map(|n| format!("${n}")).collect();
    let sql = format!(
        "SELECT tenant_id FROM tenants WHERE status <> 'deleted'
         EXCEPT SELECT tenant_id FROM roles WHERE id IN ({}) GROUP BY tenant_id HAVING count(*) = {} ORDER BY tenant_id",
        places.join(", "),
        roles.len()
    );
    let roles: Vec<Value<'_>> = roles.iter().map(|role| (*role).into()).collect();
    system.all(&sql, &roles, |row| row.parse(0)).await
}

/// The tenants that do not have a role; not those about to be gone.
pub async fn without_role(system: &System<'_>, role: RoleId) -> Result<Vec<TenantId>, Error> {
    let sql = "SELECT t.tenant_id FROM tenants t
               WHERE t.status <> 'deleted' AND NOT EXISTS (SELECT 1 FROM roles r WHERE r.tenant_id = t.tenant_id AND r.id = $1)";
    system.all(sql, &[role.into()], |row| row.parse(0)).await
}
