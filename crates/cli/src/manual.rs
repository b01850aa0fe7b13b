//! `manual`: the manual pages and shell completions, made from the arguments themselves, so that they cannot be wrong.

use crate::arguments::Arguments;
use crate::exit::Exit;
use clap::CommandFactory;
use clap_complete::Shell;
use cloakroom_pipeline::Failure;
use std::fs;
use std::path::Path;

const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// Writes `man/*.1` and `completions/*` in a folder.
pub(crate) fn write(out: &Path) -> Result<Exit, Failure> {
    let fault = |_| Failure::could_not_run("the manual could not be written").at(out);
    let (pages, completions) = (out.join("man"), out.join("completions"));
    fs::create_dir_all(&pages).map_err(fault)?;
    fs::create_dir_all(&completions).map_err(fault)?;
    clap_mangen::generate_to(Arguments::command(), &pages).map_err(fault)?;
    for shell in SHELLS {
        let mut command = Arguments::command();
        clap_complete::generate_to(shell, &mut command, "cloakroom", &completions)
            .map_err(fault)?;
    }
    Ok(Exit::Done)
}
