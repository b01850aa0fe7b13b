//! PDUs on the wire (PS3.8 section 9.3), within limits of length and time.

use dicom_ul::pdu::{Pdu, read_pdu, write_pdu};
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often a waiting reader looks whether it should stop.
pub(crate) const PATIENCE: Duration = Duration::from_millis(200);

/// The longest PDU other than data that is taken: 128 contexts with many transfer syntaxes fit well.
const LONGEST_PDU: u32 = 1 << 20;

const DATA: u8 = 0x04;

/// Why reading or writing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The peer closed the connection, or it broke.
    Lost,
    /// The peer was silent too long.
    Idle,
    /// What came is no PDU.
    Nonsense,
    /// The receiver is to stop.
    Stopping,
}

/// One PDU as it came.
pub(crate) enum Received {
    /// P-DATA-TF: presentation data values, read by [`values`].
    Data(Vec<u8>),
    /// Any other.
    Other(Box<Pdu>),
}

/// A connection to one peer.
pub(crate) struct Wire<'a, S> {
    pub(crate) stream: S,
    pub(crate) stop: &'a AtomicBool,
    pub(crate) idle_time: Duration,
    pub(crate) grace_time: Duration,
}

impl<S: Read + Write> Wire<'_, S> {
    /// The next PDU. Between messages (`may_stop`) a stop is obeyed at once, inside of one after the grace time.
    pub(crate) fn receive(
        &mut self,
        may_stop: bool,
        deadline: Option<Instant>,
    ) -> Result<Received, Ended> {
        let mut header = [0; 6];
        self.fill(&mut header, may_stop, deadline)?;
        let [kind, _, a, b, c, d] = header;
        let length = u32::from_be_bytes([a, b, c, d]);
        if length > LONGEST_PDU || !(1..=7).contains(&kind) {
            return Err(Ended::Nonsense);
        }
        // The length is bounded above, so that a peer cannot make us hold more than a mebibyte.
        let mut bytes = vec![0; length as usize];
        self.fill(&mut bytes, false, deadline)?;
        if kind == DATA {
            return Ok(Received::Data(bytes));
        }
        let whole = [header.as_slice(), bytes.as_slice()].concat();
        // The parser is not ours, and a peer may send anything: a fault in it may cost this peer only.
        let parsed = catch_unwind(AssertUnwindSafe(|| {
            read_pdu(whole.as_slice(), LONGEST_PDU, true)
        }));
        match parsed {
            Ok(Ok(Some(pdu))) => Ok(Received::Other(Box::new(pdu))),
            _ => Err(Ended::Nonsense),
        }
    }

    fn fill(
        &mut self,
        buffer: &mut [u8],
        may_stop: bool,
        deadline: Option<Instant>,
    ) -> Result<(), Ended> {
        let mut filled = 0;
        let mut heard = Instant::now();
        let mut stop_seen = None;
        while filled < buffer.len() {
            if deadline.is_some_and(|deadline| Instant::now() > deadline) {
                return Err(Ended::Idle);
            }
            if self.stop.load(Ordering::Relaxed) {
                let since = *stop_seen.get_or_insert_with(Instant::now);
                if (may_stop && filled == 0) || since.elapsed() > self.grace_time {
                    return Err(Ended::Stopping);
                }
            }
            match self.stream.read(&mut buffer[filled..]) {
                Ok(0) => return Err(Ended::Lost),
                Ok(count) => {
                    filled += count;
                    heard = Instant::now();
                }
                Err(error) if is_no_news(&error) && heard.elapsed() > self.idle_time => {
                    return Err(Ended::Idle);
                }
                Err(error) if is_no_news(&error) => {}
                Err(_) => return Err(Ended::Lost),
            }
        }
        Ok(())
    }

    /// Sends a PDU.
    pub(crate) fn send(&mut self, pdu: &Pdu) -> Result<(), Ended> {
        let mut bytes = Vec::new();
        write_pdu(&mut bytes, pdu).map_err(|_| Ended::Nonsense)?;
        self.send_bytes(&bytes)
    }

    /// Sends a command set in one P-DATA-TF PDU.
    pub(crate) fn send_command(&mut self, context: u8, set: &[u8]) -> Result<(), Ended> {
        // Commands that are answered are shorter than any limit on the length of a PDU.
        let value = u32::try_from(set.len() + 2).map_err(|_| Ended::Nonsense)?;
        let mut bytes = vec![DATA, 0];
        bytes.extend((value + 4).to_be_bytes());
        bytes.extend(value.to_be_bytes());
        bytes.extend([context, 0b11]);
        bytes.extend_from_slice(set);
        self.send_bytes(&bytes)
    }

    fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        let sent = self
            .stream
            .write_all(bytes)
            .and_then(|()| self.stream.flush());
        sent.map_err(|_| Ended::Lost)
    }
}

fn is_no_news(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}

/// One presentation data value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(crate) context: u8,
    pub(crate) is_command: bool,
    pub(crate) is_last: bool,
    pub(crate) bytes: &'a [u8],
}

/// The presentation data values of one P-DATA-TF PDU; `None` where their lengths contradict one another.
pub(crate) fn values(mut pdu: &[u8]) -> Option<Vec<Value<'_>>> {
    let mut values = Vec::new();
    while !pdu.is_empty() {
        let (length, rest) = pdu.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (value, rest) = rest.split_at_checked(length)?;
        let ([context, control], bytes) = value.split_first_chunk::<2>()?;
        values.push(Value {
            context: *context,
            is_command: control & 1 != 0,
            is_last: control & 2 != 0,
            bytes,
        });
        pdu = rest;
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_apart_and_lengths_are_not_believed() {
        let pdu = [0, 0, 0, 4, 1, 3, 9, 9, 0, 0, 0, 2, 3, 0];
        let read = values(&pdu).unwrap();
        assert_eq!(read[0].bytes, [9, 9]);
        assert!(read[0].is_command && read[0].is_last);
        assert_eq!(
            (read[1].context, read[1].bytes.len(), read[1].is_last),
            (3, 0, false)
        );
        for bad in [
            &[0, 0, 0, 9, 1, 3][..],
            &[0, 0, 0, 1, 1],
            &[0, 0, 0],
            &[255; 8],
        ] {
            assert_eq!(values(bad), None);
        }
    }

    struct Script(io::Cursor<Vec<u8>>);

    impl Read for Script {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for Script {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_end(kind in 0_u8..9, bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let mut script = vec![kind, 0];
            script.extend((bytes.len() as u32).to_be_bytes());
            script.extend(bytes);
            let stop = AtomicBool::new(false);
            let mut wire = Wire {
                stream: Script(io::Cursor::new(script)),
                stop: &stop,
                idle_time: Duration::from_secs(1),
                grace_time: Duration::from_secs(1),
            };
            let _ = wire.receive(true, None).map(|_| ());
        }
    }
}
