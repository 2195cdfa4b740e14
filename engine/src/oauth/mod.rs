//! How do programs speak for users with OAuth? (reference/rest-api.md §7, reference/auth.md §3)

mod clients;
mod grants;
mod operators;
mod reach;
mod tokens;

pub use clients::{
    AppType, AuthMethod, BOT, ClientOp, ClientSettings, Consent, Edit, GrantType, KeyText, OAuthClient,
    Secret,
};
pub use grants::{CodeBinding, Hashed, OAuthConsent, OAuthGrant, Redeemed, Stage};
pub use operators::Operator;
pub use reach::{
    ADMIN_CLASSIC, Bounds, EMAIL, OFFLINE_ACCESS, OPENID, PROFILE, Reach, Told, USER_DEFAULT, decide_within,
};
pub use tokens::{OAuthToken, ScopeRefused, granted_scopes};
