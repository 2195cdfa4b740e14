//! What do requests to log in and their answers look like?

use askama::Template;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, SessionError};

/// Nothing: what there is to say is in the cookies.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LoggedIn")]
pub struct Nothing {}

/// The page to log in on.
#[derive(Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    pub tenant: String,
    pub message: Option<&'static str>,
    pub providers: Vec<ProviderLink>,
    pub passwords: bool,
    pub returnto: Option<String>,
    pub integration: Option<String>,
    /// Whether somebody who is logged in already logs in again.
    pub anew: bool,
    pub username: String,
}

/// A provider that asks in a browser.
pub struct ProviderLink {
    pub name: String,
    pub href: String,
}

/// The page that says who is logged in.
#[derive(Template)]
#[template(path = "logged_in.html")]
pub struct LoggedInPage {
    pub tenant: String,
    pub name: String,
}

/// A name and a password, from the form.
#[derive(Deserialize, JsonSchema)]
pub struct PasswordForm {
    /// The subject or the address.
    pub username: String,
    /// The password.
    pub password: String,
    /// Where to go to then.
    pub returnto: Option<String>,
    /// The web integration whose pages may be returned to.
    #[serde(rename = "qlik-web-integration-id")]
    pub integration: Option<String>,
    /// `login`: ask although somebody is logged in.
    pub prompt: Option<String>,
}

/// The page to accept an invitation on.
#[derive(Template)]
#[template(path = "invitation.html")]
pub struct InvitationPage {
    pub tenant: String,
    pub email: String,
    pub token: String,
    pub message: Option<String>,
}

/// The page for whoever has a link that is not good.
#[derive(Template)]
#[template(path = "not_invited.html")]
pub struct NotInvitedPage {
    pub tenant: &'static str,
}

/// The token of an invitation and a password, from the form.
#[derive(Deserialize, JsonSchema)]
pub struct InvitationForm {
    /// What the letter's link has.
    pub token: String,
    /// The password.
    pub password: String,
}

/// Bytes of the longest place to go to: with the rest of what a browser brings back it has to fit into a cookie.
const RETURN: usize = 2048;

/// Where to go to after a login: a path here, an address of the tenant, or one of the web integration (threats T25).
///
/// # Errors
/// When it is none of these.
pub fn checked_return(
    text: Option<&str>,
    own: &str,
    integration: Option<&[String]>,
) -> Result<Option<String>, Error> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    // What a browser would read in another way than it looks.
    let plain = text.len() <= RETURN && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let path = text.starts_with('/') && !text.starts_with("//");
    let under = |origin: &str| {
        let rest = text.strip_prefix(origin);
        !origin.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    };
    if !plain {
        return Err(SessionError::BadReturn.into());
    }
    if path || under(own) {
        return Ok(Some(text.to_owned()));
    }
    match integration {
        Some(origins) if origins.iter().any(|origin| under(origin)) => Ok(Some(text.to_owned())),
        Some(_) => Err(SessionError::ReturnNotAllowed.into()),
        None => Err(SessionError::BadReturn.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ELSEWHERE: &[&str] = &[
        "evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\evil.example",
        "\\/evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https://evil.example",
        "http://acme.example",
        "https://acme.example.evil.example",
        "https://acme.example@evil.example",
        "https://acme.example:443@evil.example",
        "https://acme.exampleevil",
        "https://acme.example:8443/",
        "HTTPS://acme.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        " /x",
        "/x y",
        "/\tx",
        "/\nx",
        "\u{2028}/x",
        "https://\u{ff21}cme.example",
        ".",
        "..",
        "x",
    ];

    /// Whatever is asked for, nobody is sent away from the tenant (threats T25).
    #[test]
    fn nobody_is_sent_elsewhere() {
        let own = "https://acme.example";
        let good = |text: &str| checked_return(Some(text), own, None).is_ok();
        for text in
            ["/", "/oauth/authorize?a=b%2F%2Fevil", "https://acme.example", "https://acme.example/x?y#z"]
        {
            assert!(good(text), "{text}");
        }
        let mut hostile: Vec<String> = ELSEWHERE.iter().map(ToString::to_string).collect();
        let schemes = ["", "http:", "https:", "ftp:", "javascript:", "data:", "vbscript:", "file:", "blob:"];
        let hosts = [
            "evil.example",
            "acme.example.evil.example",
            "evil.example#acme.example",
            "127.0.0.1",
            "[::1]",
            "evil%2eexample",
            "acme.example%40evil.example",
            "evil.example:443",
        ];
        for scheme in schemes {
            for slashes in ["//", "/\\", "\\\\", "\\/", "///", "/\t/", "/\r\n/"] {
                hostile.extend(hosts.iter().map(|host| format!("{scheme}{slashes}{host}/")));
            }
        }
        assert!(hostile.len() >= 500, "{}", hostile.len());
        for text in &hostile {
            assert!(!good(text), "{text:?}");
        }
        let portal = ["https://portal.example".to_owned()];
        let with = |text: &str| checked_return(Some(text), own, Some(&portal));
        assert!(with("https://portal.example/app").is_ok() && with("/x").is_ok());
        assert!(with("https://portal.example.evil.example/").is_err());
    }
}
