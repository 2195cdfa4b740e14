//! What does a patch ask for? (reference/rest-api.md §2.3, §3.3, §4.3, §5, §6)
//!
//! Each resource has a closed list of operations and paths; what is not on it is refused (threats T42).

use axum::extract::{FromRequest, Request};
use rolecall_engine::names::NameError;
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    describe::{Describe, Document},
    extract::body,
    json,
};
use crate::{app::App, error::Error};

/// Operations of a patch (threats T42).
const OPERATIONS: usize = 100;

/// An operation and a path that may go together, and what the document says of their value.
pub type Form = (&'static str, &'static str, fn(&mut Document<'_>) -> Value);

/// A value of this type.
pub fn of<T: JsonSchema>(document: &mut Document<'_>) -> Value {
    document.request_schema::<T>()
}

/// A resource's operations.
pub trait Operations: Sized {
    /// All there are.
    const FORMS: &'static [Form];

    /// The operation that is meant; none if it is not one of the resource's.
    ///
    /// # Errors
    /// When its value is wrong.
    fn read(operation: &Operation) -> Result<Option<Self>, Error>;
}

/// One operation of a patch, as sent.
#[derive(Debug)]
pub struct Operation {
    op: String,
    path: String,
    value: Option<Value>,
    at: usize,
}

#[derive(Deserialize)]
struct Sent {
    op: String,
    path: String,
    #[serde(default)]
    value: Option<Value>,
}

impl Operation {
    /// The operation and its path.
    pub fn form(&self) -> (&str, &str) {
        (&self.op, &self.path)
    }

    /// The value, in the shape it must have.
    ///
    /// # Errors
    /// When it has another shape or is missing.
    pub fn value<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let at = self.place();
        match &self.value {
            Some(value) => json::convert(value.clone(), &at),
            None => Err(Error::at_pointer(at, "the operation needs a value")),
        }
    }

    /// Whether there is a value.
    pub const fn has_value(&self) -> bool {
        self.value.is_some()
    }

    /// The value, read from a text.
    ///
    /// # Errors
    /// When it is not a text, or not of the wanted form.
    pub fn text<T>(&self, read: fn(&str) -> Result<T, NameError>) -> Result<T, Error> {
        read(&self.value::<String>()?).map_err(|error| self.wrong(error))
    }

    /// The place of the value in the body.
    pub fn place(&self) -> String {
        format!("/{}/value", self.at)
    }

    /// The error that the value is wrong.
    pub fn wrong(&self, detail: impl std::fmt::Display) -> Error {
        Error::at_pointer(self.place(), detail)
    }
}

/// A patch: the operations in order.
pub struct Patch<T>(pub Vec<T>);

impl<T: Operations> FromRequest<App> for Patch<T> {
    type Rejection = Error;
    async fn from_request(request: Request, _: &App) -> Result<Self, Error> {
        read_all(json::read(&body(request).await?)?).map(Self)
    }
}

/// The operations of a patch that is a value already.
///
/// # Errors
/// When it is not a patch, or has an operation that is not possible here.
pub fn operations<T: Operations>(patch: Value) -> Result<Vec<T>, Error> {
    read_all(json::convert(patch, "")?)
}

fn read_all<T: Operations>(sent: Vec<Sent>) -> Result<Vec<T>, Error> {
    if sent.len() > OPERATIONS {
        return Err(Error::at_pointer("", format!("a patch has at most {OPERATIONS} operations")));
    }
    let operation = |(at, Sent { op, path, value })| Operation { op, path, value, at };
    sent.into_iter().enumerate().map(operation).map(|operation| read(&operation)).collect()
}

fn read<T: Operations>(operation: &Operation) -> Result<T, Error> {
    let known = T::FORMS.iter().any(|(op, path, _)| (*op, *path) == operation.form());
    let read = if known { T::read(operation)? } else { None };
    read.ok_or_else(|| unknown::<T>(operation))
}

fn unknown<T: Operations>(operation: &Operation) -> Error {
    let known: Vec<String> = T::FORMS.iter().map(|(op, path, _)| format!("`{op}` `{path}`")).collect();
    let place = if T::FORMS.iter().any(|(op, ..)| *op == operation.op) { "path" } else { "op" };
    let detail = format!(
        "`{}` `{}` is not possible here; use one of {}",
        operation.op,
        operation.path,
        known.join(", ")
    );
    Error::at_pointer(format!("/{}/{place}", operation.at), detail)
}

impl<T: Operations> Describe for Patch<T> {
    fn describe(document: &mut Document<'_>) {
        let mut forms = Vec::new();
        for (op, path, value) in T::FORMS {
            let value = value(document);
            forms.push(json!({
                "type": "object",
                "required": ["op", "path", "value"],
                "properties": {"op": {"const": op}, "path": {"const": path}, "value": value},
            }));
        }
        document.body(&json!({"type": "array", "maxItems": OPERATIONS, "items": {"oneOf": forms}}), true);
    }
}
