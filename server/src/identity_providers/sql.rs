//! How are identity providers stored?

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rolecall_engine::{
    change::Delta,
    identity_providers::{
        ClaimsMapping, IdentityProvider, JwtTrust, OidcSettings, OidcTrust, Sealed, StaticKey, Trust,
    },
    ids::IdpId,
    names::{Description, Setting},
};
use serde::{Deserialize, Serialize};

use crate::{
    db::{Found, Keyset, List, Reader, Row, Sort, Sorts, Table, Value, Writer},
    error::Error,
};

/// What providers can be sorted by, and the columns that hold it.
pub const SORTS: Sorts = &[("created", &[Sort::up("created_at")])];

static PROVIDERS: LazyLock<Table<6>> = LazyLock::new(|| {
    Table::new("identity_providers", ["id", "protocol", "active", "document", "created_at", "updated_at"])
});

/// What is in the document.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    vendor: String,
    description: String,
    creates_users: bool,
    clock_tolerance: i64,
    post_logout: Option<String>,
    trust: StoredTrust,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum StoredTrust {
    Jwt { issuer: String, kid: String, pem: String },
    Oidc { interactive: bool, live: Option<Box<Stored>>, pending: Option<Box<Stored>>, state: String },
    Saml(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    realm: Option<String>,
    discovery_url: Option<String>,
    configuration: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    scope: Option<String>,
    claims: Vec<(String, Vec<String>)>,
    audience: Option<String>,
    allowed_client_ids: Vec<String>,
    signature: Option<String>,
    email_always_verified: bool,
    claims_from_token: bool,
    block_offline_access: bool,
}

fn text(setting: Option<&Setting>) -> Option<String> {
    setting.map(Setting::to_string)
}

impl From<&OidcSettings> for Stored {
    fn from(settings: &OidcSettings) -> Self {
        let claims = settings.claims.entries().map(|(name, pointers)| (name.to_owned(), pointers.to_vec()));
        Self {
            realm: text(settings.realm.as_ref()),
            discovery_url: text(settings.discovery_url.as_ref()),
            configuration: settings.configuration.clone(),
            client_id: text(settings.client_id.as_ref()),
            client_secret: settings.client_secret.as_ref().map(|Sealed(secret)| STANDARD.encode(secret)),
            scope: text(settings.scope.as_ref()),
            claims: claims.into(),
            audience: text(settings.audience.as_ref()),
            allowed_client_ids: settings.allowed_client_ids.iter().map(Setting::to_string).collect(),
            signature: settings.signature.map(|signature| signature.to_string()),
            email_always_verified: settings.email_always_verified,
            claims_from_token: settings.claims_from_token,
            block_offline_access: settings.block_offline_access,
        }
    }
}

impl Stored {
    fn read(self) -> Result<OidcSettings, Error> {
        let mut claims = ClaimsMapping::default();
        for (name, pointers) in self.claims {
            if let Some(mapped) = claims.of_mut(&name) {
                *mapped = pointers;
            }
        }
        let secret = self.client_secret.map(|secret| STANDARD.decode(secret).map(Sealed)).transpose();
        let signature = self.signature.map(|signature| signature.parse()).transpose();
        Ok(OidcSettings {
            realm: self.realm.map(Setting::stored),
            discovery_url: self.discovery_url.map(Setting::stored),
            configuration: self.configuration,
            client_id: self.client_id.map(Setting::stored),
            client_secret: secret.map_err(Error::internal)?,
            scope: self.scope.map(Setting::stored),
            claims,
            audience: self.audience.map(Setting::stored),
            allowed_client_ids: self.allowed_client_ids.into_iter().map(Setting::stored).collect(),
            signature: signature.map_err(Error::internal)?,
            email_always_verified: self.email_always_verified,
            claims_from_token: self.claims_from_token,
            block_offline_access: self.block_offline_access,
        })
    }
}

impl From<&Trust> for StoredTrust {
    fn from(trust: &Trust) -> Self {
        match trust {
            Trust::Jwt(JwtTrust { issuer, key }) => {
                Self::Jwt { issuer: issuer.to_string(), kid: key.id.to_string(), pem: key.pem.clone() }
            }
            Trust::Oidc(oidc) => Self::Oidc {
                interactive: oidc.interactive,
                live: oidc.live.as_ref().map(|live| Box::new(live.into())),
                pending: oidc.pending.as_ref().map(|pending| Box::new(pending.into())),
                state: oidc.state.to_string(),
            },
            Trust::Saml(document) => Self::Saml(document.clone()),
        }
    }
}

impl StoredTrust {
    fn read(self) -> Result<Trust, Error> {
        Ok(match self {
            Self::Jwt { issuer, kid, pem } => Trust::Jwt(JwtTrust {
                issuer: Setting::stored(issuer),
                key: StaticKey { id: Setting::stored(kid), pem },
            }),
            Self::Oidc { interactive, live, pending, state } => Trust::Oidc(Box::new(OidcTrust {
                interactive,
                live: live.map(|live| live.read()).transpose()?,
                pending: pending.map(|pending| pending.read()).transpose()?,
                state: state.parse().map_err(Error::internal)?,
            })),
            Self::Saml(document) => Trust::Saml(document),
        })
    }
}

fn values(provider: &IdentityProvider) -> [Value<'_>; 6] {
    let document = Document {
        vendor: provider.vendor.to_string(),
        description: provider.description.to_string(),
        creates_users: provider.creates_users,
        clock_tolerance: provider.clock_tolerance,
        post_logout: text(provider.post_logout.as_ref()),
        trust: StoredTrust::from(&provider.trust),
    };
    [
        provider.id.into(),
        provider.protocol().as_str().into(),
        provider.active.into(),
        // Texts and numbers can always be written as JSON.
        serde_json::to_string(&document).unwrap_or_default().into(),
        provider.created_at.into(),
        provider.updated_at.into(),
    ]
}

fn read(row: &Row<'_>) -> Result<IdentityProvider, Error> {
    let document: Document = serde_json::from_str(&row.text(3)?).map_err(Error::internal)?;
    Ok(IdentityProvider {
        id: row.parse(0)?,
        vendor: document.vendor.parse().map_err(Error::internal)?,
        description: Description::stored(document.description),
        active: row.boolean(2)?,
        creates_users: document.creates_users,
        clock_tolerance: document.clock_tolerance,
        post_logout: document.post_logout.map(Setting::stored),
        trust: document.trust.read()?,
        created_at: row.time(4)?,
        updated_at: row.time(5)?,
    })
}

/// One provider.
pub async fn find(reader: &Reader<'_>, id: IdpId) -> Result<Option<IdentityProvider>, Error> {
    reader.find(&PROVIDERS, id, read).await
}

/// All providers of a tenant, the oldest first. There are few.
pub async fn all(reader: &Reader<'_>) -> Result<Vec<IdentityProvider>, Error> {
    let mut all = reader.whole(&PROVIDERS, read).await?;
    all.sort_unstable_by_key(|provider| (provider.created_at, provider.id));
    Ok(all)
}

/// A page of the providers; those that are on or off, if one of both is wanted.
pub async fn page(
    reader: &Reader<'_>,
    active: Option<bool>,
    keyset: &Keyset,
) -> Result<Found<IdentityProvider>, Error> {
    let mut list = List::of(&PROVIDERS);
    if let Some(active) = active {
        list.and(|parameters| format!("active = {}", parameters.add(active)));
    }
    list.page(reader, keyset, read).await
}

/// Stores what happened to a provider.
pub async fn store(writer: &mut Writer<'_>, delta: &Delta<IdentityProvider>) -> Result<(), Error> {
    writer.store(&PROVIDERS, delta, values).await
}
