//! How does a fresh tenant of the sandbox become like the one that a file was exported from? Over its own API.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, bail};
use reqwest::Method;
use rolecall_engine::{
    catalogue::Catalogue,
    groups::Provider,
    manifest::{Manifest, Section, plan},
    names::Email,
};
use serde_json::{Value, json};

use super::{apply::Applier, file, known::Known, refused, tenant};
use crate::{
    api::{ApiError, Ask, Client},
    contexts::{Key, Target},
};

/// A file that was read before the sandbox starts.
pub struct Furnishing {
    manifest: Manifest,
}

impl Furnishing {
    /// Reads a file, with the values that variables have in a context.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub fn read(path: &Path, context: Option<&str>) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let written = file::parse(&text);
        let read = written.and_then(|written| written.read(context, &BTreeMap::new(), &Known::default()));
        let read = read.map_err(|faults| refused(path, &faults))?;
        let mut manifest = read.manifest;
        if manifest.owned.remove(&Section::Spaces) && !manifest.spaces.is_empty() {
            eprintln!("warning: spaces are left out, since the file does not say of which type they are");
        }
        Ok(Self { manifest })
    }

    /// Makes the users and groups that elsewhere an identity provider makes, then all the file says, and nothing besides.
    ///
    /// # Errors
    /// When something in the file is against the rules of a tenant.
    pub async fn furnish(&self, url: &str, key: &str, catalogue: Catalogue) -> anyhow::Result<()> {
        let target = Target { name: None, url: url.parse()?, key: Key::new(key)? };
        let client = Client::new(target, true)?;
        for name in self.manifest.users.keys() {
            let mut body = json!({"subject": name, "name": name, "status": "active"});
            if let Some(members) = body.as_object_mut().filter(|_| Email::new(name).is_ok()) {
                members.insert("email".to_owned(), json!(name));
            }
            make(&client, "/api/v1/users", body).await?;
        }
        for (_, name) in self.manifest.groups.keys().filter(|(provider, _)| *provider == Provider::Idp) {
            make(&client, "/api/v1/groups", json!({"name": name.as_str(), "providerType": "idp"})).await?;
        }
        let sections: Vec<Section> = self.manifest.owned.iter().copied().collect();
        let tenant = tenant::read(&client, catalogue, &sections).await?;
        let planned = plan(&tenant.holdings, &self.manifest, true).map_err(|problems| {
            let all: Vec<String> = problems.iter().map(|problem| format!("\n{problem}")).collect();
            anyhow::anyhow!("the sandbox cannot be made like the file:{}", all.concat())
        })?;
        let mut applier = Applier::new(&client, &tenant);
        for step in &planned.steps {
            applier.perform(step).await.with_context(|| step.head().1)?;
        }
        Ok(())
    }
}

/// Makes something that may be there already, where the sandbox keeps its data.
async fn make(client: &Client, path: &str, body: Value) -> anyhow::Result<()> {
    match client.write(&Ask::new(Method::POST, path, Some(body))).await {
        Err(ApiError::Refused(refused)) if refused.status == 409 => Ok(()),
        Err(other) => bail!(other),
        Ok(_) => Ok(()),
    }
}
