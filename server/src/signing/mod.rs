//! Which keys sign the tokens of the installation? (reference/auth.md §2)

mod sql;

use std::collections::HashMap;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rolecall_engine::time::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::{
    db::{Db, System},
    error::Error,
    seal::{MasterKey, Seal},
};

/// Characters that the identifier of a key has at most (threats T20).
const KEY_ID: usize = 64;

/// The key that signs new tokens, and all keys that old ones may be signed by.
pub struct SigningKeys {
    current: (String, EncodingKey),
    accepted: HashMap<String, DecodingKey>,
    public: Vec<(String, Vec<u8>)>,
}

/// Bytes of a coordinate on P-384.
const COORDINATE: usize = 48;

impl SigningKeys {
    /// The keys of the database; makes the first one. Private halves are stored sealed.
    ///
    /// # Errors
    /// When the database cannot be used, or the master key is not the one the keys were sealed by.
    pub(crate) async fn open(db: &Db, master: &MasterKey, now: Timestamp) -> Result<Self, Error> {
        // Only the library's own choice of cryptography; that it was chosen before does no harm.
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let seal = master.seal_for("signing-keys")?;
        db.system(async move |system| {
            let mut pairs = load(system, &seal).await?;
            if pairs.is_empty() {
                pairs.push(create(system, &seal, now).await?);
            }
            let mut accepted = HashMap::new();
            let mut public = Vec::new();
            let mut current = None;
            for (id, pkcs8) in pairs {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &pkcs8)
                    .map_err(Error::internal)?;
                public.push((id.clone(), pair.public_key().as_ref().to_vec()));
                accepted.insert(id.clone(), DecodingKey::from_ec_der(pair.public_key().as_ref()));
                current = Some((id, EncodingKey::from_ec_der(&pkcs8)));
            }
            let current = current.ok_or_else(|| Error::internal("there is no signing key"))?;
            Ok(Self { current, accepted, public })
        })
        .await
    }

    /// The public halves, by the names of the keys: the two coordinates of each, as a JSON Web Key has them (RFC 7518 §6.2).
    pub fn public_keys(&self) -> impl Iterator<Item = (&str, [String; 2])> {
        self.public.iter().map(|(id, point)| {
            // Behind a byte that says that both are there.
            let (x, y) = point.get(1..).unwrap_or_default().split_at_checked(COORDINATE).unwrap_or_default();
            (id.as_str(), [x, y].map(|half| URL_SAFE_NO_PAD.encode(half)))
        })
    }

    /// A token that says `claims`.
    ///
    /// # Errors
    /// When signing fails.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, Error> {
        let (id, key) = &self.current;
        let header = Header { kid: Some(id.clone()), ..Header::new(Algorithm::ES384) };
        jsonwebtoken::encode(&header, claims, key).map_err(Error::internal)
    }

    /// What a token says, if one of the keys signed it, for this audience and by one of these issuers. Times are left to the
    /// caller, who has the clock. Nothing the token's header says is believed: the algorithm is fixed, and `kid` only
    /// finds a key that is here already (RFC 8725 §3.1, §3.10).
    pub fn verify<C: DeserializeOwned>(&self, token: &str, audience: &str, issuers: &[&str]) -> Option<C> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        let id = header.kid.filter(|id| id.len() <= KEY_ID)?;
        let mut validation = Validation::new(Algorithm::ES384);
        validation.set_audience(&[audience]);
        validation.set_issuer(issuers);
        validation.set_required_spec_claims(&["aud", "iss", "sub"]);
        validation.validate_exp = false;
        jsonwebtoken::decode(token, self.accepted.get(&id)?, &validation).ok().map(|data| data.claims)
    }
}

/// A key's identifier and its private half in PKCS #8.
type Pair = (String, Zeroizing<Vec<u8>>);

/// The keys, the newest last.
async fn load(system: &System<'_>, seal: &Seal) -> Result<Vec<Pair>, Error> {
    let open = |(id, sealed): (String, Vec<u8>)| {
        let key = seal.open(id.as_bytes(), &sealed);
        let key = key.ok_or_else(|| Error::internal("the signing keys were sealed by another master key"))?;
        Ok((id, Zeroizing::new(key)))
    };
    sql::all(system).await?.into_iter().map(open).collect()
}

async fn create(system: &System<'_>, seal: &Seal, now: Timestamp) -> Result<Pair, Error> {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new());
    let pkcs8 = Zeroizing::new(pkcs8.map_err(Error::internal)?.as_ref().to_vec());
    let id = format!("es384-{}", now.as_seconds());
    sql::add(system, &id, seal.seal(id.as_bytes(), &pkcs8)?, now).await?;
    Ok((id, pkcs8))
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::encode;
    use serde_json::{Value, json};

    use super::*;

    async fn keys(file: &std::path::Path) -> (Db, SigningKeys) {
        let db = Db::open_sqlite(file).unwrap();
        let keys = SigningKeys::open(&db, &MasterKey::new([7; 32]), Timestamp::from_millis(0)).await.unwrap();
        (db, keys)
    }

    /// A token counts only for whom it was made, and only if it was signed as we sign (threats T20, T21).
    #[tokio::test]
    async fn a_good_signature_is_not_enough() {
        let folder = tempfile::tempdir().unwrap();
        let (_, keys) = keys(&folder.path().join("keys.db")).await;
        let good = json!({"aud": "a", "iss": "i", "sub": "s"});
        let said = |token: &str| keys.verify::<Value>(token, "a", &["i"]);
        assert_eq!(said(&keys.sign(&good).unwrap()), Some(good.clone()));
        for (member, value) in [
            ("aud", json!("other")),
            ("aud", Value::Null),
            ("iss", json!("other")),
            ("iss", json!(["other"])),
            ("sub", Value::Null),
        ] {
            let mut claims = good.clone();
            claims[member] = value;
            assert_eq!(said(&keys.sign(&claims).unwrap()), None, "{claims}");
        }
    }

    /// The public half, taken for a secret, signs nothing; the private half is nowhere in the clear (threats T20, T83).
    #[tokio::test]
    async fn the_halves_of_a_key_are_kept_apart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.db");
        let (db, keys) = keys(&file).await;
        let seal = MasterKey::new([7; 32]).seal_for("signing-keys").unwrap();
        let pairs = db.system(async move |system| load(system, &seal).await).await.unwrap();
        let (id, private) = pairs.first().unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, private).unwrap();
        let header = Header { kid: Some(id.clone()), ..Header::new(Algorithm::HS384) };
        let claims = json!({"aud": "a", "iss": "i", "sub": "s"});
        let forged = encode(&header, &claims, &EncodingKey::from_secret(pair.public_key().as_ref())).unwrap();
        assert_eq!(keys.verify::<Value>(&forged, "a", &["i"]), None);
        db.close().await;
        let stored = std::fs::read(&file).unwrap();
        let secret = private.get(private.len() - 32..).unwrap();
        assert!(!stored.windows(32).any(|bytes| bytes == secret) && stored.len() > 1000);
    }
}
