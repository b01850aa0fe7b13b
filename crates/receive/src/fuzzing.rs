//! The door of the fuzz targets to what is read from the network.

use crate::wire::{Received, Wire};
use std::io::{self, Read, Write};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// What a peer sent, as a stream that ends; what is answered goes nowhere.
struct Script<'a>(&'a [u8]);

impl Read for Script<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Script<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads presentation data values and the command sets in them, as an association would; returns how many there were.
#[must_use]
pub fn presentation_data(pdu: &[u8]) -> usize {
    let values = crate::wire::values(pdu).unwrap_or_default();
    for value in &values {
        let _ = crate::command::parse(value.bytes);
    }
    values.len()
}

/// Reads PDU after PDU; returns how many were taken.
#[must_use]
pub fn pdus(bytes: &[u8]) -> usize {
    let stop = AtomicBool::new(false);
    let mut wire = Wire {
        stream: Script(bytes),
        stop: &stop,
        idle_time: Duration::from_secs(1),
        grace_time: Duration::from_secs(1),
    };
    let mut taken = 0;
    while let Ok(received) = wire.receive(true, None) {
        taken += 1;
        if let Received::Data(data) = received {
            let _ = presentation_data(&data);
        }
    }
    taken
}
