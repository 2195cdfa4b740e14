//! How are several tenants asked, one after the other, where one of them fails?

use anyhow::bail;

use super::Reach;
use crate::{
    api::Client,
    output::{visible, visible_lines},
};

/// What the tenants answered that could, in the order in which they were asked.
pub struct Answers<T> {
    pub all: Vec<T>,
    /// How many could not. Why was told.
    failed: usize,
}

impl Reach {
    /// Asks each tenant; `ask` is also given what those before have answered. Where one of several fails, that is told, and the
    /// others are asked.
    ///
    /// # Errors
    /// When one is named twice, the contexts cannot be read, or none is named; or the only one fails.
    pub async fn ask<T>(
        &self,
        quiet: bool,
        mut ask: impl AsyncFnMut(Client, &[T]) -> anyhow::Result<T>,
    ) -> anyhow::Result<Answers<T>> {
        let mut answers = Answers { all: Vec::new(), failed: 0 };
        for (name, client) in self.each(quiet)? {
            let answered = match client {
                Ok(client) => ask(client, &answers.all).await,
                Err(error) => Err(error),
            };
            match answered {
                Ok(answer) => answers.all.push(answer),
                Err(error) if self.is_several() => {
                    let error = visible_lines(&format!("{error:#}"));
                    eprintln!("error: {}: {error}", visible(&name.unwrap_or_default()));
                    answers.failed += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(answers)
    }
}

impl<T> Answers<T> {
    /// Makes sure that all answered.
    ///
    /// # Errors
    /// When one did not.
    pub fn all_there(&self) -> anyhow::Result<()> {
        match self.failed {
            0 => Ok(()),
            failed => bail!("{failed} of {} tenants failed", failed + self.all.len()),
        }
    }
}
