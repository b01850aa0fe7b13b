//! Progress on a terminal: a bar with rate and time left. Elsewhere: a plain line now and then.

use cloakroom_pipeline::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How often a plain line is printed where there is no terminal.
const PLAIN_LINE_EVERY: Duration = Duration::from_secs(10);

/// Draws progress on standard error.
pub(crate) struct Drawn {
    state: Mutex<State>,
    terminal: bool,
}

#[derive(Default)]
struct State {
    bar: Option<ProgressBar>,
    phase: String,
    items: u64,
    bytes: u64,
    expected: Option<u64>,
    begun: Option<Instant>,
    printed: Option<Instant>,
}

impl Drawn {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            terminal: std::io::stderr().is_terminal(),
        }
    }

    fn with(&self, change: impl FnOnce(&mut State)) {
        change(
            &mut self
                .state
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
    }
}

impl Progress for Drawn {
    fn begin(&self, phase: &str, items: Option<u64>, bytes: Option<u64>) {
        self.with(|state| {
            *state = State {
                phase: phase.to_owned(),
                expected: items,
                begun: Some(Instant::now()),
                ..State::default()
            };
            if self.terminal {
                state.bar = Some(bar(phase, items, bytes));
            }
        });
    }

    fn advance(&self, items: u64, bytes: u64) {
        self.with(|state| {
            state.items += items;
            state.bytes += bytes;
            match &state.bar {
                Some(bar) => {
                    bar.inc(items);
                    bar.set_message(rate(state));
                }
                None => plain_line(state),
            }
        });
    }

    fn finish(&self) {
        self.with(|state| {
            if let Some(bar) = state.bar.take() {
                bar.finish_and_clear();
            }
        });
    }
}

fn bar(phase: &str, items: Option<u64>, _bytes: Option<u64>) -> ProgressBar {
    let template = match items {
        Some(_) => "{prefix} [{bar:30}] {human_pos}/{human_len} {per_sec} {msg} {eta} left",
        None => "{prefix} {spinner} {human_pos} {per_sec} {msg}",
    };
    let bar = items.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_prefix(phase.to_owned());
    bar
}

fn rate(state: &State) -> String {
    let seconds = state
        .begun
        .map_or(0.0, |begun| begun.elapsed().as_secs_f64());
    if seconds < 0.1 || state.bytes == 0 {
        return String::new();
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "a rate for people needs no more than 52 bits"
    )]
    let rate = state.bytes as f64 / seconds / 1e6;
    format!("{rate:.0} MB/s")
}

fn plain_line(state: &mut State) {
    let now = Instant::now();
    let last = state.printed.or(state.begun).unwrap_or(now);
    if now.duration_since(last) < PLAIN_LINE_EVERY {
        return;
    }
    state.printed = Some(now);
    let of = state
        .expected
        .map(|expected| format!(" of {expected}"))
        .unwrap_or_default();
    eprintln!(
        "{}: {}{of} {} {}",
        state.phase,
        state.items,
        rate(state),
        time_left(state)
    );
}

fn time_left(state: &State) -> String {
    let (Some(expected), Some(begun)) = (state.expected, state.begun) else {
        return String::new();
    };
    if state.items == 0 {
        return String::new();
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "an estimate for people needs no more than 52 bits"
    )]
    let left = begun.elapsed().as_secs_f64() * (expected.saturating_sub(state.items)) as f64
        / state.items as f64;
    format!("{left:.0} s left")
}
