//! Passphrases come from the terminal, without an echo, or from standard input; never from an argument.

use cloakroom_pipeline::Failure;
use std::io::{self, BufRead, IsTerminal};
use zeroize::Zeroizing;

/// Asks for a new passphrase, twice where a person types it.
pub(crate) fn ask_twice() -> Result<Zeroizing<String>, Failure> {
    let first = ask("A passphrase for this key: ")?;
    if io::stdin().is_terminal() && *ask("The same once more: ")? != *first {
        return Err(Failure::wrong_use("the two passphrases differ"));
    }
    Ok(first)
}

/// Asks for a passphrase.
pub(crate) fn ask(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let unreadable = |_: io::Error| Failure::could_not_run("the passphrase could not be read");
    if io::stdin().is_terminal() {
        return rpassword::prompt_password(prompt)
            .map(Zeroizing::new)
            .map_err(unreadable);
    }
    let mut line = Zeroizing::new(String::new());
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(unreadable)?;
    Ok(Zeroizing::new(
        line.trim_end_matches(['\r', '\n']).to_owned(),
    ))
}
