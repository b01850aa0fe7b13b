//! The listener, and a thread for each association.

use crate::association::{Surroundings, run};
use crate::error::ReceiveError;
use crate::inbox::Inbox;
use crate::settings::{Ending, ReceiveEvent, ReceiveProgress, ReceiveReport, ReceiveSettings};
use crate::wire::{PATIENCE, Wire};
use cloakroom_core::Phi;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{Builder, Scope};

/// Peers beyond the limit that are told so; beyond these, connections are closed without a word.
const TURNED_AWAY: usize = 16;

/// Receives until `stop` is set, and then tells what it received.
///
/// Associations at work when `stop` is set end after the object that they are sending, or after the grace time.
///
/// # Errors
/// If an AE title is none, the port cannot be opened, or the inbox cannot be made. A bad peer is no error.
pub fn serve(
    settings: &ReceiveSettings,
    stop: &AtomicBool,
    progress: &dyn ReceiveProgress,
) -> Result<ReceiveReport, ReceiveError> {
    settings.check()?;
    let inbox = Inbox::open(&settings.inbox, &settings.unfinished)?;
    let address = SocketAddr::new(settings.address, settings.port);
    let listen = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    let (listener, bound) = listen().map_err(|source| ReceiveError::Listen {
        address: Phi::new(address),
        source,
    })?;
    let counting = Counting {
        told: progress,
        counts: Counts::default(),
    };
    counting.event(&ReceiveEvent::Listening(bound));
    let hall = Hall {
        settings,
        stop,
        inbox: &inbox,
        progress: &counting,
        open: AtomicUsize::new(0),
    };
    std::thread::scope(|scope| hall.accept_all(scope, &listener))?;
    Ok(counting.counts.report())
}

/// What all associations share.
struct Hall<'a> {
    settings: &'a ReceiveSettings,
    stop: &'a AtomicBool,
    inbox: &'a Inbox,
    progress: &'a dyn ReceiveProgress,
    open: AtomicUsize,
}

impl<'a> Hall<'a> {
    fn accept_all<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        listener: &TcpListener,
    ) -> Result<(), ReceiveError> {
        while !self.stop.load(Ordering::Relaxed) {
            match listener.accept() {
                Ok((stream, address)) => self.begin(scope, stream, address),
                Err(error) if is_passing(&error) => std::thread::sleep(PATIENCE / 4),
                Err(source) => {
                    self.stop.store(true, Ordering::Relaxed);
                    return Err(ReceiveError::Network { source });
                }
            }
        }
        Ok(())
    }

    fn begin<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        stream: TcpStream,
        address: SocketAddr,
    ) {
        let limit = self.settings.limits.associations;
        let open = self.open.fetch_add(1, Ordering::Relaxed);
        if open >= limit.saturating_add(TURNED_AWAY) {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let work = move || {
            let is_full = open >= limit;
            // A fault in one association must not end the others.
            let _ = catch_unwind(AssertUnwindSafe(|| {
                self.serve_one(stream, address, is_full)
            }));
            self.open.fetch_sub(1, Ordering::Relaxed);
        };
        if Builder::new().spawn_scoped(scope, work).is_err() {
            // The connection was closed with the closure; the peer will come again.
            self.open.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn serve_one(&self, stream: TcpStream, address: SocketAddr, is_full: bool) {
        let limits = self.settings.limits;
        let prepared = stream
            .set_nonblocking(false)
            .and_then(|()| stream.set_nodelay(true))
            .and_then(|()| stream.set_read_timeout(Some(PATIENCE)))
            .and_then(|()| stream.set_write_timeout(Some(limits.idle_time)));
        if prepared.is_err() {
            return;
        }
        let around = Surroundings {
            settings: self.settings,
            inbox: self.inbox,
            progress: self.progress,
            is_full,
        };
        let wire = Wire {
            stream,
            stop: self.stop,
            idle_time: limits.idle_time,
            grace_time: limits.grace_time,
        };
        run(wire, address, &around);
    }
}

/// Nobody is there, somebody went away again, or there are too many open files for now.
fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, TimedOut, WouldBlock};
    const TOO_MANY_OPEN: [i32; 2] = [23, 24];
    let kind = error.kind();
    matches!(
        kind,
        ConnectionAborted | ConnectionReset | Interrupted | TimedOut | WouldBlock
    ) || error
        .raw_os_error()
        .is_some_and(|code| TOO_MANY_OPEN.contains(&code))
}

/// Counts what happens on its way to whoever is told.
struct Counting<'a> {
    told: &'a dyn ReceiveProgress,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    associations: AtomicU64,
    refused: AtomicU64,
    broken: AtomicU64,
    stored: AtomicU64,
    bytes: AtomicU64,
    repeated: AtomicU64,
    not_stored: AtomicU64,
}

impl ReceiveProgress for Counting<'_> {
    fn event(&self, event: &ReceiveEvent) {
        let counts = &self.counts;
        let counter = match event {
            ReceiveEvent::Opened(_) => Some(&counts.associations),
            ReceiveEvent::Refused(..) => Some(&counts.refused),
            ReceiveEvent::Stored { bytes, new: true } => {
                counts.bytes.fetch_add(*bytes, Ordering::Relaxed);
                Some(&counts.stored)
            }
            ReceiveEvent::Stored { new: false, .. } => Some(&counts.repeated),
            ReceiveEvent::NotStored(_) => Some(&counts.not_stored),
            ReceiveEvent::Closed(_, ending) if *ending != Ending::Released => Some(&counts.broken),
            ReceiveEvent::Closed(..) | ReceiveEvent::Listening(_) | ReceiveEvent::Echoed => None,
        };
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        self.told.event(event);
    }
}

impl Counts {
    fn report(&self) -> ReceiveReport {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ReceiveReport {
            associations: of(&self.associations),
            refused: of(&self.refused),
            broken: of(&self.broken),
            stored: of(&self.stored),
            bytes: of(&self.bytes),
            repeated: of(&self.repeated),
            not_stored: of(&self.not_stored),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Callers, Silent};

    fn refused(change: impl FnOnce(&mut ReceiveSettings)) -> ReceiveError {
        let folder = tempfile::tempdir().unwrap();
        let inbox = folder.path().join("inbox");
        let mut settings = ReceiveSettings::new("CLOAK", 0, Callers::Any, inbox);
        settings.address = [127, 0, 0, 1].into();
        change(&mut settings);
        serve(&settings, &AtomicBool::new(true), &Silent).unwrap_err()
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        for title in ["", "SEVENTEEN_LETTERS", "BACK\\SLASH", " SPACE"] {
            let error = refused(|settings| settings.ae_title = title.to_owned());
            assert!(matches!(error, ReceiveError::NotAnAeTitle), "{title}");
        }
        let error = refused(|settings| settings.unfinished = settings.inbox.join("part"));
        assert!(matches!(error, ReceiveError::FoldersOverlap));
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = refused(|settings| settings.port = port);
        assert!(error.officer_text().contains(&port.to_string()));
        assert!(!error.to_string().contains(&port.to_string()));
    }
}
