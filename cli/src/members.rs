//! What stands in a member of an answer? Null, if there is no such member.

use serde_json::Value;

static NOTHING: Value = Value::Null;

/// What has members.
pub trait Members {
    /// What stands in a member.
    fn member(&self, name: &str) -> &Value;
}

impl Members for Value {
    fn member(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&NOTHING)
    }
}
