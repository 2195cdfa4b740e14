//! When does somebody ask the program to stop?

use tokio::signal::unix::{SignalKind, signal};

/// Waits for an interrupt or a termination signal.
///
/// # Errors
/// When signals cannot be received.
pub fn for_stop() -> anyhow::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
