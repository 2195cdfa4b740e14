//! What does the token of an operator say? Nothing that is one of a tenant's says the same.

use rolecall_engine::{ids::OAuthClientId, refusal::limits, time::Timestamp};
use serde::{Deserialize, Serialize};

use super::{AUDIENCE, TOKEN};
use crate::{error::Error, signing::SigningKeys};

const OF_OPERATORS: &str = "qlik.api/operators";
const SUB_TYPE: &str = "operator";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    aud: String,
    iss: String,
    sub: String,
    sub_type: String,
    iat: i64,
    exp: i64,
}

/// A token of an operator, good for as long as an access token.
///
/// # Errors
/// When signing fails.
pub fn of_operator(signing: &SigningKeys, operator: OAuthClientId, now: Timestamp) -> Result<String, Error> {
    signing.sign(&Claims {
        aud: AUDIENCE.to_owned(),
        iss: OF_OPERATORS.to_owned(),
        sub: operator.to_string(),
        sub_type: SUB_TYPE.to_owned(),
        iat: now.as_seconds(),
        exp: now.plus(limits::ACCESS_TOKEN).as_seconds(),
    })
}

/// The operator that a token was given to, if we signed it as such and it is not over.
pub fn read(signing: &SigningKeys, token: &str, now: Timestamp) -> Option<OAuthClientId> {
    let short = Some(token).filter(|token| token.len() <= TOKEN)?;
    let claims: Claims = signing.verify(short, AUDIENCE, &[OF_OPERATORS])?;
    let good = claims.sub_type == SUB_TYPE && now.as_seconds() < claims.exp;
    if good { claims.sub.parse().ok() } else { None }
}
