//! Work on the numbers from 0 up, on a few threads of its own.
//!
//! A series is looked at while threads of a pool wait for what it shows. Work that were given to that pool could be
//! taken up by a thread that is to wait for it, which would then wait for itself.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Does `work` for each number below `count`, on up to `threads` threads.
///
/// # Errors
/// The error of the lowest number that failed of those that were begun; after an error no other is begun.
pub fn side_by_side<E: Send>(
    threads: NonZeroUsize,
    count: usize,
    work: impl Fn(usize) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let threads = threads.get().min(count);
    if threads <= 1 {
        return (0..count).try_for_each(work);
    }
    let next = AtomicUsize::new(0);
    let take = || -> Option<(usize, E)> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return None;
            }
            if let Err(error) = work(number) {
                next.store(count, Ordering::Relaxed);
                return Some((number, error));
            }
        }
    };
    let failed = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
        let mut failed: Vec<(usize, E)> = take().into_iter().collect();
        for other in others {
            match other.join() {
                Ok(error) => failed.extend(error),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        failed
    });
    match failed.into_iter().min_by_key(|(number, _)| *number) {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    #[test]
    fn each_number_is_worked_on_once() {
        for threads in [1, 2, 7] {
            let seen: Vec<AtomicU64> = (0..100).map(|_| AtomicU64::new(0)).collect();
            let done: Result<(), ()> =
                side_by_side(NonZeroUsize::new(threads).unwrap(), 100, |number| {
                    seen[number].fetch_add(1, Ordering::Relaxed);
                    Ok(())
                });
            assert_eq!(done, Ok(()));
            assert!(seen.iter().all(|times| times.load(Ordering::Relaxed) == 1));
        }
    }

    #[test]
    fn an_error_ends_it() {
        for threads in [1, 3] {
            let failed = side_by_side(NonZeroUsize::new(threads).unwrap(), 1000, |number| {
                if number == 10 { Err(number) } else { Ok(()) }
            });
            assert_eq!(failed, Err(10));
        }
    }
}
