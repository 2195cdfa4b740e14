//! How do letters get to people?

use std::{
    collections::VecDeque,
    fs, io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
    transport::smtp::AsyncSmtpTransportBuilder,
};
use rolecall_engine::time::Timestamp;
use tokio::{task::spawn_blocking, time::timeout};

/// How long a letter may take to be handed over.
const HANDING_OVER: Duration = Duration::from_secs(10);
/// Letters that the inbox of the sandbox shows.
const SHOWN: usize = 100;

/// A letter to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    /// What it says, in plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Why a letter was not sent.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    #[error("this server cannot send mail: nobody said `smtp-url`")]
    NoServer,
    #[error("the mail server did not take the letter")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the mail server did not take the letter in time")]
    TooLate,
    #[error("nobody can be written to under this address")]
    Address,
}

impl NotSent {
    /// What is behind it, for the log.
    pub(crate) fn cause(&self) -> String {
        std::error::Error::source(self).map(ToString::to_string).unwrap_or_default()
    }
}

/// Why letters cannot be sent as was said. Nothing of the address of the mail server is in it, for that has a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MailSettingsError {
    #[error(
        "`smtp-url` is not `smtp(s)://[user:password@]host[:port]`, with `?tls=required` if `smtp` is to turn to TLS"
    )]
    Url,
    #[error(
        "`smtp-url` would send its password in the clear; use `smtps://`, or `smtp://` with `?tls=required`"
    )]
    Clear,
    #[error("`smtp-from` is not an address like `Access <access@example.com>`")]
    From,
}

/// Whoever takes letters to people.
pub enum Mailer {
    /// Nobody.
    Off,
    /// A mail server.
    Smtp { server: AsyncSmtpTransport<Tokio1Executor>, from: Mailbox },
    /// Nobody, but letters can be looked at: for the sandbox.
    Inbox { folder: PathBuf, letters: Mutex<VecDeque<Letter>> },
}

/// The sender of letters that are only looked at.
const NOBODY: &str = "Rolecall <rolecall@localhost>";

impl Mailer {
    /// Letters go to a mail server.
    ///
    /// # Errors
    /// When the addresses cannot be used.
    pub fn smtp(url: &str, from: &str) -> Result<Self, MailSettingsError> {
        let parsed: http::Uri = url.parse().map_err(|_| MailSettingsError::Url)?;
        let host = parsed.host().ok_or(MailSettingsError::Url)?;
        let has_password = parsed.authority().is_some_and(|authority| authority.as_str().contains('@'));
        let required = parsed.query() == Some("tls=required");
        let encrypted = parsed.scheme_str() == Some("smtps") || required;
        let is_loopback = host.parse().is_ok_and(|host: crate::links::Host| host.is_loopback());
        if has_password && !encrypted && !is_loopback {
            return Err(MailSettingsError::Clear);
        }
        let builder: AsyncSmtpTransportBuilder =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| MailSettingsError::Url)?;
        let server = builder.timeout(Some(HANDING_OVER)).build();
        Ok(Self::Smtp { server, from: from.parse().map_err(|_| MailSettingsError::From)? })
    }

    /// Letters are kept in memory, and one to a file in a folder.
    #[must_use]
    pub fn inbox(folder: PathBuf) -> Self {
        Self::Inbox { folder, letters: Mutex::default() }
    }

    /// Sends a letter.
    ///
    /// # Errors
    /// Why not.
    pub(crate) async fn send(&self, letter: Letter, now: Timestamp) -> Result<(), NotSent> {
        match self {
            Self::Off => Err(NotSent::NoServer),
            Self::Smtp { server, from } => {
                let message = message(&letter, from.clone())?;
                let sending = timeout(HANDING_OVER, server.send(message)).await;
                let sent = sending.map_err(|_| NotSent::TooLate)?;
                sent.map(drop).map_err(|error| NotSent::Refused(error.into()))
            }
            Self::Inbox { folder, letters } => {
                let from = NOBODY.parse().map_err(|_| NotSent::Address)?;
                let bytes = message(&letter, from)?.formatted();
                let folder = folder.clone();
                let keep = move || keep(&folder, now, &bytes);
                let kept = spawn_blocking(keep).await.map_err(io::Error::other).and_then(|kept| kept);
                kept.map_err(|error| NotSent::Refused(error.into()))?;
                let mut letters = letters.lock().unwrap_or_else(PoisonError::into_inner);
                letters.push_front(letter);
                letters.truncate(SHOWN);
                Ok(())
            }
        }
    }

    /// The letters that the inbox shows, the newest first; none where there is no inbox.
    pub(crate) fn shown(&self) -> Option<Vec<Letter>> {
        match self {
            Self::Inbox { letters, .. } => {
                Some(letters.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect())
            }
            Self::Off | Self::Smtp { .. } => None,
        }
    }
}

fn message(letter: &Letter, from: Mailbox) -> Result<Message, NotSent> {
    let to: Mailbox = letter.to.parse().map_err(|_| NotSent::Address)?;
    let body = MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone());
    let message = Message::builder().from(from).to(to).subject(letter.subject.clone()).multipart(body);
    message.map_err(|_| NotSent::Address)
}

/// Writes a letter to a file of its own.
fn keep(folder: &std::path::Path, now: Timestamp, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut n = 0_u32;
    loop {
        let file = folder.join(format!("{}-{n}.eml", now.as_millis()));
        match fs::File::create_new(file) {
            Ok(mut file) => return io::Write::write_all(&mut file, bytes),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => n += 1,
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_sent_in_the_clear() {
        let from = "Access <access@example.com>";
        let refused = |url: &str| Mailer::smtp(url, from).err();
        for good in [
            "smtps://user:secret@mail.example",
            "smtp://user:secret@mail.example:587?tls=required",
            "smtp://user:secret@127.0.0.1:2525",
            "smtp://mail.example",
        ] {
            assert_eq!(refused(good), None, "{good}");
        }
        for clear in ["smtp://user:secret@mail.example", "smtp://user:secret@mail.example?tls=opportunistic"]
        {
            assert_eq!(refused(clear), Some(MailSettingsError::Clear), "{clear}");
        }
        for wrong in ["mail.example", "http://mail.example", "smtp://", "", "smtp://mail.example?tls=no"] {
            assert_eq!(refused(wrong), Some(MailSettingsError::Url), "{wrong}");
        }
        assert_eq!(Mailer::smtp("smtp://mail.example", "nobody").err(), Some(MailSettingsError::From));
    }
}
