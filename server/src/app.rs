//! What does every use case have at hand?

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rolecall_engine::catalogue::Catalogue;

use crate::{
    clock::{Clock, Entropy},
    credentials::{
        LatelySeen, Verified, assertion::Assertions, cookies::CookieKey, discovery::Discovery,
        password::Attempts,
    },
    db::Db,
    egress::{Allowed, Egress},
    error::Error,
    events::signal::Signal,
    lease::{Beacons, Lease, Staleness},
    limits::RateLimits,
    links::Origin,
    mail::Mailer,
    metrics::Metrics,
    seal::{MasterKey, Seal},
    signing::SigningKeys,
    snapshots::kept::{Budget, Snapshots},
    trace::Traces,
};

/// What an installation is set up with.
pub struct Settings {
    /// The key that the installation's other keys are sealed by.
    pub master_key: MasterKey,
    /// The scopes and default roles of its tenants.
    pub catalogue: Catalogue,
    /// The address it is reached under from outside, if that is not one of a tenant's host names.
    pub public_url: Option<Origin>,
    /// How many requests are accepted.
    pub rate_limits: RateLimits,
    /// Which machines may be asked although they are not public.
    pub egress: Allowed,
    /// Who takes letters to people.
    pub mail: Mailer,
    /// How much memory the snapshots of tenants may take.
    pub snapshot_budget: Budget,
    /// How long answers may be behind what other nodes have changed.
    pub staleness: Staleness,
}

impl Settings {
    /// An installation that nobody asks anything: without limits, letters and an address, and with nobody to ask but public machines.
    #[must_use]
    pub fn new(master_key: MasterKey, catalogue: Catalogue) -> Self {
        Self {
            master_key,
            catalogue,
            public_url: None,
            rate_limits: RateLimits::new(None),
            egress: Allowed::default(),
            mail: Mailer::Off,
            snapshot_budget: Budget::default(),
            staleness: Staleness::default(),
        }
    }
}

/// What every use case has at hand. Cloning shares it.
#[derive(Clone)]
pub struct App(Arc<Parts>);

pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub entropy: Entropy,
    pub traces: Traces,
    pub(crate) metrics: Metrics,
    pub catalogue: Arc<Catalogue>,
    pub snapshots: Snapshots,
    pub(crate) lease: Lease,
    pub(crate) staleness: Staleness,
    pub(crate) beacons: Beacons,
    pub(crate) revisions: Seal,
    /// Of answers that are kept to be given again.
    pub(crate) answers: Seal,
    pub signing: SigningKeys,
    pub(crate) verified: Verified,
    pub(crate) assertions: Assertions,
    pub(crate) attempts: Attempts,
    /// Letters to an address, and attempts to accept an invitation.
    pub(crate) letters: Attempts,
    pub(crate) cookies: CookieKey,
    pub(crate) discovery: Discovery,
    pub(crate) login_states: Seal,
    pub(crate) lately_seen: LatelySeen,
    pub(crate) provider_secrets: Seal,
    pub(crate) webhook_secrets: Seal,
    pub(crate) egress: Arc<Egress>,
    /// Tells of changes those who wait for them.
    pub(crate) signal: Arc<Signal>,
    pub(crate) cursors: Seal,
    pub(crate) public_url: Option<Origin>,
    pub(crate) rate_limits: RateLimits,
    pub(crate) mail: Mailer,
    draining: AtomicBool,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// An installation over a database. Makes its signing key if it has none yet.
    ///
    /// # Errors
    /// When the database cannot be used, or its keys were sealed by another master key.
    pub async fn new(db: Db, settings: Settings, clock: Clock, entropy: Entropy) -> Result<Self, Error> {
        let Settings {
            master_key,
            catalogue,
            public_url,
            rate_limits,
            egress,
            mail,
            snapshot_budget,
            staleness,
        } = settings;
        let lease = Lease::new(db.is_shared());
        let egress = Arc::new(Egress::new(egress).map_err(Error::internal)?);
        let signing = SigningKeys::open(&db, &master_key, clock.now()).await?;
        Ok(Self(Arc::new(Parts {
            db,
            clock,
            entropy,
            traces: Traces::new(entropy),
            metrics: Metrics::default(),
            catalogue: Arc::new(catalogue),
            snapshots: Snapshots::new(snapshot_budget),
            lease,
            staleness,
            beacons: Beacons::default(),
            revisions: master_key.seal_for("revisions")?,
            answers: master_key.seal_for("answers")?,
            signing,
            verified: Verified::default(),
            assertions: Assertions::default(),
            attempts: Attempts::default(),
            letters: Attempts::default(),
            cookies: CookieKey::new(&master_key)?,
            discovery: Discovery::new(Arc::clone(&egress)),
            login_states: master_key.seal_for("login-states")?,
            lately_seen: LatelySeen::default(),
            provider_secrets: master_key.seal_for("identity-providers")?,
            webhook_secrets: master_key.seal_for("webhooks")?,
            egress,
            signal: Arc::default(),
            cursors: master_key.seal_for("cursors")?,
            public_url,
            rate_limits,
            mail,
            draining: AtomicBool::new(false),
        })))
    }

    /// Waits until everything accepted is done, then closes the database.
    pub async fn close(&self) {
        self.db.close().await;
    }

    /// Says that no more requests should be sent here.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.signal.wake_all();
    }

    /// Whether the server is about to stop.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Whether requests can be sent here: the server is not about to stop, and the database can be used.
    ///
    /// # Errors
    /// Why not.
    pub(crate) async fn ready(&self) -> Result<(), Error> {
        if self.is_draining() {
            return Err(Error::Stopping);
        }
        if self.db.is_usable().await && self.lease.is_good() { Ok(()) } else { Err(Error::Unavailable) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;

    use super::*;

    /// An installation over SQLite in a file that nobody listens for.
    pub(crate) async fn over(file: &Path) -> App {
        let settings = Settings::new(MasterKey::new([7; 32]), Catalogue::qlik());
        App::new(Db::open_sqlite(file).unwrap(), settings, Clock::default(), Entropy).await.unwrap()
    }
}
