//! Which user of a tenant that was read does somebody mean?

use anyhow::bail;

use super::{
    Person,
    read::{ReadUser, Tenant},
};
use crate::output::visible;

/// The one user with an identifier, subject, e-mail address or name.
///
/// # Errors
/// When there is none, or there are several.
pub fn find<'t>(tenant: &'t Tenant, name: &str) -> anyhow::Result<Person<'t>> {
    let is_meant = |user: &ReadUser| {
        let same_address = |email: &String| email.to_lowercase() == name.to_lowercase();
        user.id == name
            || user.subject == name
            || user.name == name
            || user.email.as_ref().is_some_and(same_address)
    };
    let meant: Vec<Person<'_>> =
        tenant.users.iter().filter(|(_, user)| is_meant(user)).map(|(id, user)| (*id, user)).collect();
    match meant.as_slice() {
        [only] => Ok(*only),
        [] => bail!("there is no user `{}`", visible(name)),
        several => {
            let line =
                |(_, user): &Person<'_>| visible(&format!("{}  {}  {}", user.id, called(user), user.subject));
            let lines: Vec<String> = several.iter().map(line).collect();
            bail!(
                "`{}` names {} users; say which by its identifier:\n  {}",
                visible(name),
                lines.len(),
                lines.join("\n  ")
            )
        }
    }
}

/// What people call a user.
pub fn called(user: &ReadUser) -> &str {
    let names = [Some(&user.name), user.email.as_ref(), Some(&user.subject)];
    names.into_iter().flatten().find(|name| !name.is_empty()).map_or("", String::as_str)
}
