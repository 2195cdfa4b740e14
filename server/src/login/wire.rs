//! What do requests to log in and their answers look like?

use schemars::JsonSchema;
use serde::Serialize;

/// Nothing: what there is to say is in the cookies.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LoggedIn")]
pub struct Nothing {}
