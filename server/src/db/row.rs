//! What goes into a statement, and what comes out of a row?

use std::borrow::Cow;

use rolecall_engine::{
    ids::{
        ApiKeyId, DeliveryId, GroupId, IdpId, OAuthClientId, OAuthGrantId, OAuthTokenId, RoleId, SessionId,
        SpaceAssignmentId, SpaceId, TenantId, UserId, WebIntegrationId, WebhookId,
    },
    time::Timestamp,
};
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::error::Error;

/// A value of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'v> {
    Null,
    Integer(i64),
    Text(Cow<'v, str>),
    Bytes(Vec<u8>),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Integer(value.into())
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Integer(value.as_millis())
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(value: &'v str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl From<Vec<u8>> for Value<'_> {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value<'_> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! from_id {
    ($($id:ty),+) => {
        $(impl From<$id> for Value<'_> {
            fn from(id: $id) -> Self {
                Self::Text(Cow::Owned(id.to_string()))
            }
        })+
    };
}

from_id!(
    ApiKeyId,
    DeliveryId,
    GroupId,
    IdpId,
    OAuthClientId,
    OAuthGrantId,
    OAuthTokenId,
    RoleId,
    SessionId,
    SpaceAssignmentId,
    SpaceId,
    TenantId,
    UserId,
    WebIntegrationId,
    WebhookId
);

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

/// A row of an answer. Columns are counted from 0.
pub struct Row<'r>(pub(super) &'r rusqlite::Row<'r>);

impl Row<'_> {
    /// A column that holds a text.
    pub fn text(&self, column: usize) -> Result<String, Error> {
        Ok(self.0.get(column)?)
    }

    /// A column that holds a text or nothing.
    pub fn opt_text(&self, column: usize) -> Result<Option<String>, Error> {
        Ok(self.0.get(column)?)
    }

    /// A column that holds an integer.
    pub fn integer(&self, column: usize) -> Result<i64, Error> {
        Ok(self.0.get(column)?)
    }

    /// A column that holds a truth value.
    pub fn boolean(&self, column: usize) -> Result<bool, Error> {
        Ok(self.integer(column)? != 0)
    }

    /// A column that holds bytes.
    pub fn bytes(&self, column: usize) -> Result<Vec<u8>, Error> {
        Ok(self.0.get(column)?)
    }

    /// A column that holds bytes or nothing.
    pub fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.get(column)?)
    }

    /// A column that holds a point in time.
    pub fn time(&self, column: usize) -> Result<Timestamp, Error> {
        self.integer(column).map(Timestamp::from_millis)
    }

    /// A column that holds a point in time or nothing.
    pub fn opt_time(&self, column: usize) -> Result<Option<Timestamp>, Error> {
        Ok(self.0.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
    }

    /// A column whose text is parsed, for example an identifier.
    pub fn parse<T: std::str::FromStr>(&self, column: usize) -> Result<T, Error> {
        let value = self.0.get_ref(column)?;
        let parsed = value.as_str().ok().and_then(|text| text.parse().ok());
        parsed.ok_or_else(|| Error::internal(format!("column {column} holds {value:?}")))
    }

    /// A column whose text is parsed, or nothing.
    pub fn opt_parse<T: std::str::FromStr>(&self, column: usize) -> Result<Option<T>, Error> {
        match self.0.get_ref(column)? {
            ValueRef::Null => Ok(None),
            _ => self.parse(column).map(Some),
        }
    }

    /// A column and those behind it as they are, for cursors.
    pub fn value(&self, column: usize) -> Result<Value<'static>, Error> {
        Ok(match self.0.get_ref(column)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(value) => Value::Integer(value),
            ValueRef::Text(text) => Value::Text(Cow::Owned(String::from_utf8_lossy(text).into_owned())),
            other @ (ValueRef::Real(_) | ValueRef::Blob(_)) => {
                return Err(Error::internal(format!("{other:?} in a cursor")));
            }
        })
    }
}
