//! When does somebody ask the program to stop?

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for an interrupt or a termination signal. A second one ends the program at once; nothing acknowledged is lost by
/// that.
///
/// # Errors
/// When signals cannot be received.
pub fn for_stop() -> anyhow::Result<impl Future<Output = ()>> {
    let mut signals = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
    Ok(async move {
        any(&mut signals).await;
        tokio::spawn(async move {
            any(&mut signals).await;
            std::process::exit(1);
        });
    })
}

async fn any([interrupt, terminate]: &mut [Signal; 2]) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
