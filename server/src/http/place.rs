//! How is a place in results handed out and taken back?

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_engine::ids::TenantId;

use crate::{app::App, error::Error};

/// What a place is bound to: the tenant, and what was looked for.
pub struct Bound<'s> {
    pub tenant: TenantId,
    pub what: &'s str,
}

impl Bound<'_> {
    fn binding(&self) -> String {
        format!("{} {}", self.tenant, self.what)
    }

    /// The place, sealed.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn seal(&self, app: &App, place: &str) -> Result<String, Error> {
        let sealed = app.cursors.seal(self.binding().as_bytes(), place.as_bytes())?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The place that was sealed; none if it was sealed for another search, or not here.
    pub fn open(&self, app: &App, sealed: &str) -> Option<String> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        String::from_utf8(app.cursors.open(self.binding().as_bytes(), &sealed)?).ok()
    }
}
