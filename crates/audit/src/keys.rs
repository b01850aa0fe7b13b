//! Ed25519 keys as text: the encodings of the C2SP signed note, so that other tools read them as they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloakroom_core::{Digest, Hasher};
use core::fmt;
use core::str::FromStr;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use thiserror::Error;

/// The byte that says Ed25519 (C2SP signed note, signature types).
const ED25519: u8 = 0x01;
const SECRET_PREFIX: &str = "PRIVATE+KEY+";

/// The name of a key: not empty, without spaces, control characters or `+`, at most 200 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

/// Why a text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotAKey {
    /// The name is empty, too long, or has a character that it may not have.
    #[error("a key name is 1 to 200 bytes without spaces, control characters or '+'")]
    Name,
    /// The text is not of the form that a key has.
    #[error("a key is written NAME+ID+KEY, as in C2SP signed note")]
    Form,
    /// The key id is not that of the name and key.
    #[error("the key id does not belong to this name and key")]
    Id,
    /// The key is of another algorithm than Ed25519.
    #[error("the key is not an Ed25519 key")]
    Algorithm,
}

impl FromStr for KeyName {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sound = (1..=200).contains(&text.len())
            && !text
                .chars()
                .any(|letter| letter.is_whitespace() || letter.is_control() || letter == '+');
        if sound {
            Ok(Self(text.into()))
        } else {
            Err(NotAKey::Name)
        }
    }
}

impl KeyName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a key of this name answers for logs named `other`: its own name, or one below it after a slash.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other
            .0
            .strip_prefix(&self.0)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The public half of a signing key, under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    name: KeyName,
    key: VerifyingKey,
}

impl PublicKey {
    /// The name.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The same key under another name, which has another id.
    #[must_use]
    pub fn renamed(&self, name: KeyName) -> Self {
        Self {
            name,
            key: self.key,
        }
    }

    /// The 32 bytes of the key (RFC 8032).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// The first four bytes of SHA-256 over name, newline, algorithm and key.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let mut hasher = Hasher::new();
        hasher.update(self.name.0.as_bytes());
        hasher.update(&[b'\n', ED25519]);
        hasher.update(self.key.as_bytes());
        let digest: Digest = hasher.finish();
        let [a, b, c, d, ..] = *digest.as_bytes();
        [a, b, c, d]
    }

    /// Whether the signature over the message is by this key. Malleable signatures and weak keys are refused.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = Signature::from_bytes(signature);
        self.key.verify_strict(message, &signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id());
        write!(f, "{}+{id:08x}+", self.name)?;
        f.write_str(&STANDARD.encode(typed(self.key.as_bytes())))
    }
}

impl FromStr for PublicKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, id, bytes) = split_key(text.trim_end_matches(['\r', '\n']))?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| NotAKey::Form)?;
        let public = Self { name, key };
        if public.id() == id {
            Ok(public)
        } else {
            Err(NotAKey::Id)
        }
    }
}

/// A signing key, under a name. It has no `Debug` and no `Display`; its text is made by [`SecretKey::to_secret_text`] alone.
pub struct SecretKey {
    name: KeyName,
    key: SigningKey,
}

impl SecretKey {
    /// A key from 32 random bytes, which the caller draws.
    #[must_use]
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        Self {
            name,
            key: SigningKey::from_bytes(seed),
        }
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey {
            name: self.name.clone(),
            key: self.key.verifying_key(),
        }
    }

    /// The same key under another name: one site signs each of its logs under that log's name.
    #[must_use]
    pub fn renamed(&self, name: KeyName) -> Self {
        Self {
            name,
            key: self.key.clone(),
        }
    }

    /// Signs a message (RFC 8032; the signature is a function of key and message).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// The text for the key file, which only its owner may read.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        let id = u32::from_be_bytes(self.public().id());
        let key = STANDARD.encode(typed(self.key.as_bytes()));
        format!("{SECRET_PREFIX}{}+{id:08x}+{key}", self.name)
    }
}

impl FromStr for SecretKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim_end_matches(['\r', '\n']);
        let (name, id, seed) = split_key(text.strip_prefix(SECRET_PREFIX).ok_or(NotAKey::Form)?)?;
        let secret = Self::from_seed(name, &seed);
        if secret.public().id() == id {
            Ok(secret)
        } else {
            Err(NotAKey::Id)
        }
    }
}

fn typed(key: &[u8; 32]) -> Vec<u8> {
    let mut bytes = vec![ED25519];
    bytes.extend_from_slice(key);
    bytes
}

fn split_key(text: &str) -> Result<(KeyName, [u8; 4], [u8; 32]), NotAKey> {
    // The base64 alphabet has a plus sign too, so the text splits from the left.
    let mut parts = text.splitn(3, '+');
    let mut next = || parts.next().ok_or(NotAKey::Form);
    let (name, id, key) = (next()?.parse()?, next()?, next()?);
    let sound = id.len() == 8 && id.bytes().all(|digit| b"0123456789abcdef".contains(&digit));
    if !sound {
        return Err(NotAKey::Form);
    }
    let id = u32::from_str_radix(id, 16).map_err(|_| NotAKey::Form)?;
    let bytes = STANDARD.decode(key).map_err(|_| NotAKey::Form)?;
    let (algorithm, key) = bytes.split_first().ok_or(NotAKey::Form)?;
    if *algorithm != ED25519 {
        return Err(NotAKey::Algorithm);
    }
    let key = key.try_into().map_err(|_| NotAKey::Form)?;
    Ok((name, id.to_be_bytes(), key))
}

/// The keys that somebody trusts: one [`PublicKey`] a line; empty lines and lines that begin with `#` are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedKeys(Vec<PublicKey>);

impl TrustedKeys {
    /// Trusts these keys.
    #[must_use]
    pub const fn new(keys: Vec<PublicKey>) -> Self {
        Self(keys)
    }

    /// Reads a file of keys.
    ///
    /// # Errors
    /// The number of each line, from 1, that is not a key, and why.
    pub fn parse(text: &str) -> Result<Self, Vec<(usize, NotAKey)>> {
        let mut keys = Vec::new();
        let mut wrong = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match line.parse() {
                Ok(key) => keys.push(key),
                Err(error) => wrong.push((number + 1, error)),
            }
        }
        if wrong.is_empty() {
            Ok(Self(keys))
        } else {
            Err(wrong)
        }
    }

    /// The trusted key that answers for a signer, under the signer's name; `None` where nobody is trusted for it.
    #[must_use]
    pub fn find(&self, signer: &KeyName, id: [u8; 4]) -> Option<PublicKey> {
        self.0
            .iter()
            .filter(|key| key.name.covers(signer))
            .map(|key| key.renamed(signer.clone()))
            .find(|key| key.id() == id)
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[PublicKey] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(name: &str) -> SecretKey {
        SecretKey::from_seed(name.parse().unwrap(), &[7; 32])
    }

    #[test]
    fn keys_read_back_and_a_changed_letter_does_not() {
        let secret = secret("cloakroom/GX01");
        let text = secret.public().to_string();
        assert_eq!(text.parse::<PublicKey>().unwrap(), secret.public());
        let again: SecretKey = secret.to_secret_text().parse().unwrap();
        assert_eq!(again.public(), secret.public());
        assert_eq!(
            text.replace("GX01", "GX02").parse::<PublicKey>(),
            Err(NotAKey::Id)
        );
        assert_eq!("GX01".parse::<PublicKey>(), Err(NotAKey::Form));
        assert_eq!("+00000000+AQ==".parse::<PublicKey>(), Err(NotAKey::Name));
    }

    #[test]
    fn a_key_answers_for_the_logs_below_its_name_only() {
        let site = secret("cloakroom/GX01");
        let trusted = TrustedKeys::new(vec![site.public()]);
        let find = |name: &str| {
            let signer = site.renamed(name.parse().unwrap()).public();
            trusted.find(signer.name(), signer.id()).is_some()
        };
        assert!(find("cloakroom/GX01"));
        assert!(find("cloakroom/GX01/lung"));
        assert!(!find("cloakroom/GX012"));
        assert!(!find("cloakroom"));
        assert_eq!(trusted.find(site.public().name(), [0; 4]), None);
    }

    #[test]
    fn a_trust_file_names_its_wrong_lines() {
        let text = format!("# keys\n\n{}\n", secret("a").public());
        assert_eq!(TrustedKeys::parse(&text).unwrap().keys().len(), 1);
        assert_eq!(TrustedKeys::parse("a+b+c\n"), Err(vec![(1, NotAKey::Form)]));
    }
}
