//! The only clock: today's date, where a command does not state one.

use cloakroom_core::StatedDate;
use std::time::{SystemTime, UNIX_EPOCH};

/// Today in UTC.
pub fn today() -> StatedDate {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let days = i64::try_from(seconds / 86_400).unwrap_or(0);
    #[expect(
        clippy::expect_used,
        reason = "day 0 is in the calendar, and so is every day of the machine's clock"
    )]
    StatedDate::from_days_since_epoch(days)
        .or(StatedDate::new(1970, 1, 1))
        .expect("a day of the calendar")
}
