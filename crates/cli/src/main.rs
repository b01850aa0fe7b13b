//! The program `cloakroom`: arguments in, text or JSON and an exit code out. It owns no rule.

mod arguments;
mod commands;
mod exit;
mod manual;
mod passphrase;
mod progress;
mod render;
mod render_plan;
mod review;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = arguments::Arguments::parse();
    match commands::run(&arguments) {
        Ok(code) => code.into(),
        Err(failure) => exit::report(&failure, arguments.json).into(),
    }
}
