//! How does an address keep the password in it to itself?

use std::fmt;

use serde::{Deserialize, Serialize};

/// An address of a machine, whose password is not shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// The whole address.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else { return f.write_str("***") };
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
        match rest.rsplit_once('@') {
            Some((_, server)) => write!(f, "{scheme}://***@{server}")?,
            None => write!(f, "{scheme}://{rest}")?,
        }
        match query {
            Some(query) if !query.contains("password") => write!(f, "?{query}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for SecretUrl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        for (url, shown) in [
            (
                "postgres://me:p@ss@db.example/rolecall?sslmode=require",
                "postgres://***@db.example/rolecall?sslmode=require",
            ),
            ("postgres://db.example/rolecall?user=me&password=secret", "postgres://db.example/rolecall"),
            ("smtp://mail.example:587?tls=required", "smtp://mail.example:587?tls=required"),
            ("host=db.example password=secret", "***"),
        ] {
            assert_eq!(SecretUrl::from(url.to_owned()).to_string(), shown);
        }
    }
}
