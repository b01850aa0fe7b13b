//! Many workers, one order: jobs are done at the same time, and their results are taken in the order of the jobs.
//!
//! A job states how many bytes it holds until its result has been taken, and no more jobs are begun than fit into
//! the memory that a run may take, so memory does not grow with the export. The job whose turn it is always makes
//! progress, because jobs are taken in their order, and the memory of each before those after it.

use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// So many results of each worker may wait to be taken.
const RESULTS_WAITING: usize = 8;

/// A job, and how many bytes it holds from its beginning until its result has been taken.
pub(crate) struct Job<J> {
    pub(crate) job: J,
    pub(crate) bytes: u64,
}

/// The memory that is left for jobs.
struct Memory {
    limit: u64,
    used: Mutex<Used>,
    freed: Condvar,
}

#[derive(Default)]
struct Used {
    bytes: u64,
    /// The run is over, and nobody need wait for memory.
    over: bool,
}

impl Memory {
    fn new(limit: u64) -> Self {
        Self {
            limit,
            used: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room. A job that is larger than all room goes alone. Says no when the run is over.
    fn take(&self, bytes: u64) -> bool {
        let full = |used: &mut Used| {
            !used.over && used.bytes > 0 && used.bytes.saturating_add(bytes) > self.limit
        };
        let mut used = self
            .freed
            .wait_while(self.used(), full)
            .unwrap_or_else(PoisonError::into_inner);
        used.bytes = used.bytes.saturating_add(bytes);
        !used.over
    }

    fn give_back(&self, bytes: u64) {
        let mut used = self.used();
        used.bytes = used.bytes.saturating_sub(bytes);
        self.freed.notify_all();
    }

    fn end(&self) {
        self.used().over = true;
        self.freed.notify_all();
    }
}

/// Takes the jobs in their order with `threads` workers, and gives their results to `write` in that order.
///
/// At most `memory` bytes are held by jobs at a time, or those of one job if it alone holds more. The first error of
/// any part ends the run.
///
/// # Errors
/// The first error that any part reported, by the order of the jobs.
pub(crate) fn run<J, T, E, N, F, W>(
    threads: usize,
    memory: u64,
    mut next: N,
    work: F,
    mut write: W,
) -> Result<(), E>
where
    J: Send,
    T: Send,
    E: Send,
    N: FnMut() -> Result<Option<Job<J>>, E> + Send,
    F: Fn(J) -> Result<T, E> + Sync,
    W: FnMut(T) -> Result<(), E>,
{
    let threads = threads.max(1);
    let (order, in_order) = bounded(threads * RESULTS_WAITING);
    let memory = Memory::new(memory);
    let source = Mutex::new(Some((&mut next, order)));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((job, result)) = take(&source, &memory) {
                    let (job, bytes) = match job {
                        Ok(Job { job, bytes }) => (Ok(job), bytes),
                        Err(error) => (Err(error), 0),
                    };
                    // The writer may have stopped for a reason of its own, which is then the result of the run.
                    drop(result.send((job.and_then(&work), bytes)));
                }
            });
        }
        // Whatever ends the writer, workers that wait for memory or for a place in the order are let go.
        let _ending = Ending(&memory);
        let in_order = in_order;
        for result in &in_order {
            // A worker that is gone without a result has panicked, which the scope passes on.
            let Ok((result, bytes)) = result.recv() else {
                break;
            };
            write(result?)?;
            memory.give_back(bytes);
        }
        Ok(())
    })
}

/// Ends the run for those who wait for memory, when it is dropped.
struct Ending<'a>(&'a Memory);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

type Slot<T, E> = (Result<T, E>, u64);
type Source<'a, N, T, E> = Mutex<Option<(&'a mut N, Sender<Receiver<Slot<T, E>>>)>>;
type Taken<J, T, E> = (Result<Job<J>, E>, Sender<Slot<T, E>>);

/// Takes the next job, its memory and its place in the order in one step.
fn take<J, T, E, N>(source: &Source<'_, N, T, E>, memory: &Memory) -> Option<Taken<J, T, E>>
where
    N: FnMut() -> Result<Option<Job<J>>, E>,
{
    let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
    let (next, order) = source.as_mut()?;
    let (sender, receiver) = bounded(1);
    let job = next().transpose();
    let goes_on = match &job {
        Some(Ok(job)) => memory.take(job.bytes) && order.send(receiver).is_ok(),
        Some(Err(_)) => {
            drop(order.send(receiver));
            false
        }
        None => false,
    };
    if !goes_on {
        *source = None;
    }
    job.map(|job| (job, sender))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    fn squares(threads: usize, jobs: u64, memory: u64) -> Vec<u64> {
        let mut numbers = 0..jobs;
        let held = AtomicU64::new(0);
        let mut done = Vec::new();
        let result: Result<(), String> = run(
            threads,
            memory,
            || {
                let job = numbers.next();
                Ok(job.map(|job| Job {
                    job,
                    bytes: job + 1,
                }))
            },
            |number| {
                held.fetch_add(number + 1, Ordering::SeqCst);
                Ok(number)
            },
            |number| {
                assert!(held.fetch_sub(number + 1, Ordering::SeqCst) <= memory.max(number + 1));
                done.push(number * number);
                Ok(())
            },
        );
        assert_eq!(result, Ok(()));
        done
    }

    #[test]
    fn the_order_does_not_depend_on_the_number_of_threads_or_on_memory() {
        let expected: Vec<u64> = (0..200).map(|number| number * number).collect();
        for threads in [1, 2, 3, 8] {
            for memory in [0, 300, u64::MAX] {
                assert_eq!(squares(threads, 200, memory), expected);
            }
        }
    }

    #[test]
    fn the_first_error_ends_the_run_and_nobody_waits_for_ever() {
        for threads in [1, 4] {
            for (by_next, by_work, by_write) in [(37, 99, 99), (99, 37, 99), (99, 99, 37)] {
                let mut numbers = 0..1000;
                let result = run(
                    threads,
                    100,
                    || match numbers.next() {
                        Some(number) if number == by_next => Err(number),
                        job => Ok(job.map(|job| Job { job, bytes: 60 })),
                    },
                    |number| {
                        if number == by_work {
                            Err(number)
                        } else {
                            Ok(number)
                        }
                    },
                    |number| {
                        if number == by_write {
                            Err(number)
                        } else {
                            Ok(())
                        }
                    },
                );
                assert_eq!(result, Err(37));
            }
        }
    }

    #[test]
    fn a_panic_anywhere_ends_the_run_and_nobody_waits_for_ever() {
        for (by_work, by_write) in [(37, 99), (99, 37)] {
            let mut numbers = 0..1000;
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                run(
                    4,
                    100,
                    || Ok::<_, ()>(numbers.next().map(|job| Job { job, bytes: 60 })),
                    |number| {
                        assert_ne!(number, by_work);
                        Ok(number)
                    },
                    |number| {
                        assert_ne!(number, by_write);
                        Ok(())
                    },
                )
            }));
            assert!(result.is_err());
        }
    }
}
