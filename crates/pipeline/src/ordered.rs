//! Many workers, one order: jobs are done at the same time, and their output is written in the order of the jobs.
//!
//! Each job streams its bytes through a bounded channel, so memory does not grow with the size of a job. The
//! job whose turn it is to be written always makes progress, because jobs are taken in their order: nothing can
//! wait for a job that no worker has taken.

use crossbeam_channel::{Receiver, Sender, bounded};
use std::io;
use std::sync::Mutex;
use std::thread;

/// How many bytes a job gathers before it hands them on.
const CHUNK: usize = 256 * 1024;
/// How many chunks of one job may wait to be written.
const CHUNKS_WAITING: usize = 48;

/// What a job sends to the writer.
enum Message<T> {
    /// Bytes of the job's output, in order.
    Bytes(Vec<u8>),
    /// The job is done.
    Done(T),
}

/// The output of one job on the writer's side: its bytes as they come, and then its result.
pub(crate) struct Finished<T, E> {
    receiver: Receiver<Message<Result<T, E>>>,
    chunk: Vec<u8>,
    taken: usize,
    result: Option<Result<T, E>>,
}

impl<T, E> Finished<T, E> {
    fn new(receiver: Receiver<Message<Result<T, E>>>) -> Self {
        Self {
            receiver,
            chunk: Vec::new(),
            taken: 0,
            result: None,
        }
    }

    /// The next bytes of the job; `None` when there are no more.
    pub(crate) fn next_bytes(&mut self) -> Option<Vec<u8>> {
        while self.result.is_none() {
            match self.receiver.recv().ok()? {
                Message::Bytes(bytes) if bytes.is_empty() => {}
                Message::Bytes(bytes) => return Some(bytes),
                Message::Done(result) => self.result = Some(result),
            }
        }
        None
    }

    /// The result of the job, once its bytes have been read. `None` if the job's thread is gone.
    pub(crate) fn result(mut self) -> Option<Result<T, E>> {
        while self.next_bytes().is_some() {}
        self.result
    }
}

impl<T, E> io::Read for Finished<T, E> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.chunk.len() {
            self.taken = 0;
            self.chunk = self.next_bytes().unwrap_or_default();
        }
        let rest = &self.chunk[self.taken..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        Ok(count)
    }
}

/// Where a job writes its output.
pub(crate) struct Output<T> {
    buffer: Vec<u8>,
    sender: Sender<Message<T>>,
}

impl<T> Output<T> {
    fn hand_on(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        self.sender
            .send(Message::Bytes(chunk))
            .map_err(|_| io::Error::other("the writer has stopped"))
    }
}

impl<T> io::Write for Output<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.hand_on()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hand_on()
    }
}

/// Takes the jobs in their order with `threads` workers, and gives each job's output to `write`, job after job.
///
/// `work` gets the job and an [`Output`]; what it returns is the job's result. `write` gets the [`Finished`] side
/// of each job in order, and takes what it wants of it. The first error of `next` or `write` ends the run; an
/// error of `work` is the job's result.
///
/// # Errors
/// The first error that any part reported.
pub(crate) fn run<J, T, E, N, F, W>(
    threads: usize,
    mut next: N,
    work: F,
    mut write: W,
) -> Result<(), E>
where
    J: Send,
    T: Send,
    E: Send,
    N: FnMut() -> Result<Option<J>, E> + Send,
    F: Fn(J, &mut Output<Result<T, E>>) -> Result<T, E> + Sync,
    W: FnMut(Finished<T, E>) -> Result<(), E>,
{
    let threads = threads.max(1);
    let (order, in_order) = bounded::<Receiver<Message<Result<T, E>>>>(threads);
    let source = Mutex::new((&mut next, Some(order)));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((job, sender)) = take(&source) {
                    perform(job, sender, &work);
                }
            });
        }
        let result = collect(&in_order, &mut write);
        // Workers that wait for a place in the order, or for the writer, are let go.
        drop(in_order);
        result
    })
}

type Order<T, E> = Sender<Receiver<Message<Result<T, E>>>>;
type Taken<J, T, E> = (Result<J, E>, Sender<Message<Result<T, E>>>);

/// Takes the next job and its place in the order in one step.
fn take<J, T, E, N>(source: &Mutex<(&mut N, Option<Order<T, E>>)>) -> Option<Taken<J, T, E>>
where
    N: FnMut() -> Result<Option<J>, E>,
{
    let mut source = source
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let (next, order) = &mut *source;
    let sender_of_places = order.as_ref()?;
    let job = match next() {
        Ok(Some(job)) => Ok(job),
        Ok(None) => {
            *order = None;
            return None;
        }
        Err(error) => Err(error),
    };
    let (sender, receiver) = bounded(CHUNKS_WAITING);
    if sender_of_places.send(receiver).is_err() || job.is_err() {
        *order = None;
    }
    Some((job, sender))
}

fn perform<J, T, E>(
    job: Result<J, E>,
    sender: Sender<Message<Result<T, E>>>,
    work: &impl Fn(J, &mut Output<Result<T, E>>) -> Result<T, E>,
) {
    let mut output = Output {
        buffer: Vec::new(),
        sender,
    };
    let result = job.and_then(|job| work(job, &mut output));
    if output.hand_on().is_ok() {
        // The writer may have stopped for a reason of its own, which is then the result of the run.
        let _ = output.sender.send(Message::Done(result));
    }
}

fn collect<T, E>(
    in_order: &Receiver<Receiver<Message<Result<T, E>>>>,
    write: &mut impl FnMut(Finished<T, E>) -> Result<(), E>,
) -> Result<(), E> {
    in_order
        .iter()
        .try_for_each(|receiver| write(Finished::new(receiver)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    fn squares(threads: usize, jobs: usize) -> (Vec<u8>, Vec<usize>) {
        let mut numbers = 0..jobs;
        let (mut bytes, mut done) = (Vec::new(), Vec::new());
        let result: Result<(), String> = run(
            threads,
            || Ok(numbers.next()),
            |number, output| {
                output
                    .write_all(&vec![number as u8; number * 1000])
                    .map_err(|error| error.to_string())?;
                Ok(number * number)
            },
            |mut finished| {
                finished
                    .read_to_end(&mut bytes)
                    .map_err(|error| error.to_string())?;
                done.push(finished.result().ok_or("no result")??);
                Ok(())
            },
        );
        assert_eq!(result, Ok(()));
        (bytes, done)
    }

    #[test]
    fn the_output_does_not_depend_on_the_number_of_threads() {
        let alone = squares(1, 200);
        assert_eq!(
            alone.1,
            (0..200).map(|number| number * number).collect::<Vec<_>>()
        );
        for threads in [2, 3, 8] {
            assert_eq!(squares(threads, 200), alone);
        }
    }

    #[test]
    fn the_first_error_ends_the_run_and_nobody_waits_for_ever() {
        for threads in [1, 4] {
            let mut numbers = 0..1000;
            let result = run(
                threads,
                || Ok(numbers.next()),
                |number, output| {
                    output.write_all(&[0; 4096]).map_err(|_| -1)?;
                    if number == 37 { Err(number) } else { Ok(()) }
                },
                |finished| finished.result().unwrap_or(Err(-2)),
            );
            assert_eq!(result, Err(37));
        }
    }
}
