//! What does a link say by which somebody accepts an invitation? (threats T10)
//!
//! It names the tenant, the user, the address and the end of the invitation, and is signed for this purpose only. It is good
//! once, since whoever has accepted an invitation is not invited any more.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_engine::{
    ids::{TenantId, UserId},
    invitations::Invitation,
};

use super::cookies::CookieKey;

const PURPOSE: &str = "invitation";
/// Characters of the longest token that is looked at.
const TOKEN: usize = 512;

/// A token that we signed. Whether its invitation is still the present one is to be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    pub tenant: TenantId,
    pub user: UserId,
    text: String,
}

/// What is signed. Of the address stands a hash in it, for links are written down in many places.
fn text(tenant: TenantId, invitation: &Invitation) -> String {
    let Invitation { user, email, ends_at } = invitation;
    let email = URL_SAFE_NO_PAD.encode(digest(&SHA256, email.as_bytes()));
    format!("{tenant}.{user}.{}.{email}", ends_at.as_millis())
}

/// The token of an invitation.
pub fn token(key: &CookieKey, tenant: TenantId, invitation: &Invitation) -> String {
    key.bind(PURPOSE, &text(tenant, invitation))
}

/// What a token says, if we signed it for this.
pub fn read(key: &CookieKey, token: &str) -> Option<Offered> {
    let text = key.unbind(PURPOSE, Some(token).filter(|token| token.len() <= TOKEN)?)?;
    let mut parts = text.split('.');
    let (tenant, user) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(Offered { tenant, user, text: text.to_owned() })
}

impl Offered {
    /// Whether it is the token of this invitation.
    pub fn is_of(&self, tenant: TenantId, invitation: &Invitation) -> bool {
        self.text == text(tenant, invitation)
    }
}
