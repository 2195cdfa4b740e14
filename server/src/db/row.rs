//! What goes into a statement, and what comes out of a row?

use std::borrow::Cow;

use bytes::BytesMut;
use rolecall_engine::{
    ids::{
        ApiKeyId, DeliveryId, GroupId, IdpId, OAuthClientId, OAuthGrantId, OAuthTokenId, RoleId, SessionId,
        SpaceAssignmentId, SpaceId, TenantId, UserId, WebIntegrationId, WebhookId,
    },
    time::Timestamp,
};
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{IsNull, ToSql, Type};

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

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        of: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (self, of) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Integer(value), &Type::INT4) => i32::try_from(*value)?.to_sql(of, out),
            (Self::Integer(value), &Type::INT8) => value.to_sql(of, out),
            (Self::Text(value), &Type::TEXT) => value.as_ref().to_sql(of, out),
            (Self::Bytes(value), &Type::BYTEA) => value.to_sql(of, out),
            _ => Err(format!("{self:?} is no {of}").into()),
        }
    }

    /// What fits is seen when the value is written.
    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// A row of an answer. Columns are counted from 0.
pub enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

/// What a column holds.
#[derive(Debug)]
enum Cell<'r> {
    Null,
    Integer(i64),
    Text(&'r str),
    Bytes(&'r [u8]),
}

impl Row<'_> {
    fn cell(&self, column: usize) -> Result<Cell<'_>, Error> {
        match self {
            Self::Sqlite(row) => match row.get_ref(column)? {
                ValueRef::Null => Ok(Cell::Null),
                ValueRef::Integer(value) => Ok(Cell::Integer(value)),
                ValueRef::Text(text) => std::str::from_utf8(text).map(Cell::Text).map_err(Error::internal),
                ValueRef::Blob(bytes) => Ok(Cell::Bytes(bytes)),
                other @ ValueRef::Real(_) => Err(Error::internal(format!("column {column} holds {other:?}"))),
            },
            Self::Postgres(row) => {
                let of = row.columns().get(column).map(tokio_postgres::Column::type_);
                let cell = match of {
                    Some(&Type::INT8) => row.try_get::<_, Option<i64>>(column)?.map(Cell::Integer),
                    Some(&Type::INT4) => {
                        row.try_get::<_, Option<i32>>(column)?.map(|value| Cell::Integer(value.into()))
                    }
                    Some(&Type::BOOL) => {
                        row.try_get::<_, Option<bool>>(column)?.map(|value| Cell::Integer(value.into()))
                    }
                    Some(&Type::BYTEA) => row.try_get::<_, Option<&[u8]>>(column)?.map(Cell::Bytes),
                    _ => row.try_get::<_, Option<&str>>(column)?.map(Cell::Text),
                };
                Ok(cell.unwrap_or(Cell::Null))
            }
        }
    }

    /// A column that holds a text.
    pub fn text(&self, column: usize) -> Result<String, Error> {
        self.opt_text(column)?.ok_or_else(|| empty(column))
    }

    /// A column that holds a text or nothing.
    pub fn opt_text(&self, column: usize) -> Result<Option<String>, Error> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text.to_owned())),
            other => Err(unexpected(column, &other)),
        }
    }

    /// A column that holds an integer.
    pub fn integer(&self, column: usize) -> Result<i64, Error> {
        self.opt_integer(column)?.ok_or_else(|| empty(column))
    }

    fn opt_integer(&self, column: usize) -> Result<Option<i64>, Error> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Integer(value) => Ok(Some(value)),
            other => Err(unexpected(column, &other)),
        }
    }

    /// A column that holds a truth value.
    pub fn boolean(&self, column: usize) -> Result<bool, Error> {
        Ok(self.integer(column)? != 0)
    }

    /// A column that holds bytes.
    pub fn bytes(&self, column: usize) -> Result<Vec<u8>, Error> {
        self.opt_bytes(column)?.ok_or_else(|| empty(column))
    }

    /// A column that holds bytes or nothing.
    pub fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, Error> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Bytes(bytes) => Ok(Some(bytes.to_owned())),
            other => Err(unexpected(column, &other)),
        }
    }

    /// A column that holds a point in time.
    pub fn time(&self, column: usize) -> Result<Timestamp, Error> {
        self.integer(column).map(Timestamp::from_millis)
    }

    /// A column that holds a point in time or nothing.
    pub fn opt_time(&self, column: usize) -> Result<Option<Timestamp>, Error> {
        Ok(self.opt_integer(column)?.map(Timestamp::from_millis))
    }

    /// A column whose text is parsed, for example an identifier.
    pub fn parse<T: std::str::FromStr>(&self, column: usize) -> Result<T, Error> {
        self.opt_parse(column)?.ok_or_else(|| empty(column))
    }

    /// A column whose text is parsed, or nothing.
    pub fn opt_parse<T: std::str::FromStr>(&self, column: usize) -> Result<Option<T>, Error> {
        let cell = self.cell(column)?;
        match cell {
            Cell::Null => Ok(None),
            Cell::Text(text) => text.parse().map(Some).map_err(|_| unexpected(column, &cell)),
            other => Err(unexpected(column, &other)),
        }
    }

    /// A column as it is, for cursors and copies.
    pub fn value(&self, column: usize) -> Result<Value<'static>, Error> {
        Ok(match self.cell(column)? {
            Cell::Null => Value::Null,
            Cell::Integer(value) => Value::Integer(value),
            Cell::Text(text) => Value::Text(Cow::Owned(text.to_owned())),
            Cell::Bytes(bytes) => Value::Bytes(bytes.to_owned()),
        })
    }
}

fn empty(column: usize) -> Error {
    Error::internal(format!("column {column} is empty"))
}

fn unexpected(column: usize, cell: &Cell<'_>) -> Error {
    Error::internal(format!("column {column} holds {cell:?}"))
}
