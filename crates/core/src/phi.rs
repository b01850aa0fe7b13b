//! Values that may identify a person, redacted by type.

use core::fmt;

/// A value that came from an export and may identify somebody.
///
/// `Debug` prints the word `Phi` and nothing else; there is no `Display` and no serialisation, so a
/// value cannot reach a log by accident. Reading it takes a call to [`Phi::expose`], and
/// `cargo xtask tidy` holds the list of the modules that may make that call.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phi<T>(T);

impl<T> Phi<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Reads the value. Every caller is listed in `cargo xtask tidy`.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Takes the value out of its wrapping. Every caller is listed in `cargo xtask tidy`.
    pub fn into_exposed(self) -> T {
        self.0
    }

    /// Changes the value without letting it out.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Phi<U> {
        Phi(change(self.0))
    }

    /// Borrows the value, still wrapped.
    pub const fn as_ref(&self) -> Phi<&T> {
        Phi(&self.0)
    }
}

impl<T> From<T> for Phi<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phi")
    }
}

#[cfg(test)]
mod tests {
    use super::Phi;
    use alloc::format;

    #[test]
    fn debug_prints_nothing_of_the_value() {
        #[derive(Debug)]
        #[allow(dead_code, reason = "read through Debug only")]
        struct Holder {
            name: Phi<&'static str>,
        }
        let text = format!(
            "{:?} {:#?}",
            Phi::new("ZHANG^SAN"),
            Holder {
                name: Phi::new("ZHANG^SAN")
            }
        );
        assert!(!text.contains("ZHANG"), "{text}");
    }
}
