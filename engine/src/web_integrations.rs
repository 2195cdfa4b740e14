//! Which pages elsewhere may use sessions of a tenant? (reference/rest-api.md §12, reference/auth.md §5)

use alloc::{boxed::Box, vec::Vec};

use crate::{
    change::{Change, Delta, Edited, Editor, Entity, created, deleted, updated},
    ids::{UserId, WebIntegrationId},
    names::Setting,
    refusal::{Refusal, Rule, limits},
    time::Timestamp,
};

/// Pages elsewhere that may use sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebIntegration {
    /// The identifier, which the pages send.
    pub id: WebIntegrationId,
    /// The name to show.
    pub name: Setting,
    /// Where the pages are from, for example `https://portal.example`.
    pub origins: Vec<Setting>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was last edited.
    pub updated_at: Timestamp,
}

/// One operation of a patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebIntegrationOp {
    /// Another name.
    Rename(Setting),
    /// These origins instead.
    ReplaceOrigins(Vec<Setting>),
}

impl Entity for WebIntegration {
    fn change(delta: Delta<Self>) -> Change {
        Change::WebIntegration(Box::new(delta))
    }
    fn touch(&mut self, editor: &Editor) {
        self.updated_at = editor.at.max(Timestamp::from_millis(self.updated_at.as_millis() + 1));
    }
}

impl WebIntegration {
    /// A new one.
    ///
    /// # Errors
    /// When it has too many origins, or the tenant has 100 `others`.
    pub fn create(
        name: Setting,
        origins: Vec<Setting>,
        id: WebIntegrationId,
        others: usize,
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        if others >= limits::WEB_INTEGRATIONS {
            return Err(Rule::TooManyWebIntegrations(limits::WEB_INTEGRATIONS).into());
        }
        few(&origins)?;
        let (created_at, updated_at) = (editor.at, editor.at);
        Ok(created(Self { id, name, origins, created_at, created_by: editor.user, updated_at }))
    }

    /// This one after all operations of a patch, or none of them.
    ///
    /// # Errors
    /// As [`WebIntegration::create`].
    pub fn edit(self, ops: Vec<WebIntegrationOp>, editor: &Editor) -> Result<Edited<Self>, Refusal> {
        let mut after = self.clone();
        for (at, op) in ops.into_iter().enumerate() {
            match op {
                WebIntegrationOp::Rename(name) => after.name = name,
                WebIntegrationOp::ReplaceOrigins(origins) => {
                    few(&origins).map_err(|rule| Refusal::from(rule).in_operation(at))?;
                    after.origins = origins;
                }
            }
        }
        Ok(updated(self, after, editor))
    }

    /// The end of it.
    pub fn delete(self) -> Edited<()> {
        deleted(self)
    }
}

fn few(origins: &[Setting]) -> Result<(), Rule> {
    if origins.len() > limits::ORIGINS { Err(Rule::TooManyUris(limits::ORIGINS)) } else { Ok(()) }
}
