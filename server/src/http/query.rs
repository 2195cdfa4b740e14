//! What do the parameters of a query say? (reference/rest-api.md §1.3, §1.5)

use std::str::FromStr;

use axum::{
    extract::FromRequestParts,
    http::{Uri, request::Parts},
};
use serde_json::{Value, json};

use super::describe::{Describe, Document};
use crate::{app::App, error::Error};

/// The parameters of a query in their order. Of one that is repeated the last counts; unknown ones are ignored.
#[derive(Debug, Clone, Default)]
pub struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// The parameters of an address.
    pub fn of(uri: &Uri) -> Self {
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// The value of a parameter; none if it is not there or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    /// The value of a parameter, parsed.
    ///
    /// # Errors
    /// When it cannot be parsed.
    pub fn parse<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<Option<T>, Error> {
        self.get(name).map(str::parse).transpose().map_err(|error| Error::at_parameter(name, error))
    }

    /// Whether a parameter is true; false if it is not there.
    ///
    /// # Errors
    /// When it is neither true nor false, in any case.
    pub fn flag(&self, name: &str) -> Result<bool, Error> {
        match self.get(name) {
            None => Ok(false),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(Error::at_parameter(name, "must be `true` or `false`")),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// What the document says of a parameter.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    pub name: &'static str,
    pub about: &'static str,
    pub kind: Kind,
    pub deprecated: bool,
}

/// What a parameter's values are.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Text,
    Boolean,
    /// 1 to 100, and this if not given.
    Limit(u8),
}

impl Parameter {
    pub const fn text(name: &'static str, about: &'static str) -> Self {
        Self { name, about, kind: Kind::Text, deprecated: false }
    }

    pub const fn boolean(name: &'static str, about: &'static str) -> Self {
        Self { name, about, kind: Kind::Boolean, deprecated: false }
    }

    pub const fn deprecated(name: &'static str, about: &'static str) -> Self {
        Self { name, about, kind: Kind::Text, deprecated: true }
    }

    fn document(&self) -> Value {
        let schema = match self.kind {
            Kind::Text => json!({"type": "string"}),
            Kind::Boolean => json!({"type": "boolean", "default": false}),
            Kind::Limit(default) => {
                json!({"type": "integer", "minimum": 1, "maximum": 100, "default": default})
            }
        };
        let mut parameter =
            json!({"name": self.name, "in": "query", "description": self.about, "schema": schema});
        if let (true, Some(parameter)) = (self.deprecated, parameter.as_object_mut()) {
            parameter.insert("deprecated".into(), true.into());
        }
        parameter
    }
}

/// Parameters that a handler understands.
pub trait Parameters: Sized {
    /// What the document says of them.
    fn parameters() -> Vec<Parameter>;

    /// Reads them.
    ///
    /// # Errors
    /// When one has a value it cannot have.
    fn read(pairs: Pairs, uri: &Uri) -> Result<Self, Error>;
}

/// The parameters of a query.
pub struct Query<T>(pub T);

impl<T: Parameters> FromRequestParts<App> for Query<T> {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Error> {
        T::read(Pairs::of(&parts.uri), &parts.uri).map(Self)
    }
}

impl<T: Parameters> Describe for Query<T> {
    fn describe(document: &mut Document<'_>) {
        let parameters = T::parameters().into_iter().map(|parameter| parameter.document());
        document.parameters.extend(parameters);
        document.errors.push(400);
    }
}
