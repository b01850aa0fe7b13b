//! Signatures that `minisign -V` checks.
//!
//! They are written here and not by the `minisign` crate, because its Ed25519 mixes in random bytes and
//! the same package must get the same signature. Reading keys and checking signatures is the crate's.

use crate::error::PackError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b512, Digest as _};
use cloakroom_core::Digest;
use ed25519_dalek::{Signer as _, SigningKey as Ed25519Key};
use minisign::{KeyPair, PublicKeyBox, SecretKey, SecretKeyBox, SignatureBox};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{Cursor, Read, Seek};
use std::str::FromStr;

/// A key that signs bundles (a hospital's) or releases (an organiser's).
pub struct SigningKey {
    key_number: [u8; 8],
    key: Ed25519Key,
    public: PublicKey,
}

/// Where the key number and the seed lie in a decrypted minisign secret key.
const KEY_NUMBER: std::ops::Range<usize> = 54..62;
const SEED: std::ops::Range<usize> = 62..94;

/// Ed25519 over BLAKE2b-512 of the file.
const PREHASHED: &[u8; 2] = b"ED";

impl SigningKey {
    /// Makes a new key and the text of its secret key file, encrypted if there is a password.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn generate(password: Option<&str>) -> Result<(Self, String), PackError> {
        let pair = match password {
            Some(password) => KeyPair::generate_encrypted_keypair(Some(password.into())),
            None => KeyPair::generate_unencrypted_keypair(),
        };
        let text = pair
            .and_then(|pair| pair.sk.to_box(Some("cloakroom signing key")))
            .map_err(key_error)?
            .into_string();
        Ok((Self::from_text(&text, password)?, text))
    }

    /// Reads a minisign secret key file.
    ///
    /// # Errors
    /// If the text is not such a file or the password is wrong or missing.
    pub fn from_text(text: &str, password: Option<&str>) -> Result<Self, PackError> {
        let sealed = SecretKeyBox::from_string(text).map_err(key_error)?;
        let secret: SecretKey = match password {
            Some(password) => sealed.into_secret_key(Some(password.into())),
            None => sealed.into_unencrypted_secret_key(),
        }
        .map_err(key_error)?;
        if secret.is_encrypted() {
            return Err(PackError::Key("it needs its password".into()));
        }
        let public = minisign::PublicKey::from_secret_key(&secret).map_err(key_error)?;
        let bytes = secret.to_bytes();
        let part = |range| bytes.get(range).unwrap_or_default();
        let short = |_| PackError::Key("it is cut short".into());
        let seed: [u8; 32] = part(SEED).try_into().map_err(short)?;
        Ok(Self {
            key_number: part(KEY_NUMBER).try_into().map_err(short)?,
            key: Ed25519Key::from_bytes(&seed),
            public: PublicKey(public.to_base64()),
        })
    }

    /// The key of packages that nobody vouches for. Its seed is public, so a signature by it shows that the bytes
    /// are whole and nothing more; nobody should trust it.
    #[must_use]
    pub fn nobody() -> Self {
        let key =
            Ed25519Key::from_bytes(Digest::of(b"cloakroom: nobody vouches for this").as_bytes());
        let key_number = [0; 8];
        let public = [
            b"Ed".as_slice(),
            &key_number,
            key.verifying_key().as_bytes(),
        ]
        .concat();
        Self {
            key_number,
            key,
            public: PublicKey(STANDARD.encode(public)),
        }
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs bytes; the text of a `.minisig` file, the same for the same bytes and comment.
    #[must_use]
    pub fn sign(&self, bytes: &[u8], trusted_comment: &str) -> String {
        let comment = trusted_comment.replace(['\r', '\n'], " ");
        let signature = self.key.sign(&Blake2b512::digest(bytes)).to_bytes();
        let global = self
            .key
            .sign(&[signature.as_slice(), comment.as_bytes()].concat())
            .to_bytes();
        let first = [PREHASHED.as_slice(), &self.key_number, &signature].concat();
        written(
            UNTRUSTED_COMMENTS[0],
            &STANDARD.encode(first),
            &comment,
            &STANDARD.encode(global),
        )
    }
}

/// What stands in the first line of a signature: what is written here, and what `minisign -S` writes by itself.
const UNTRUSTED_COMMENTS: [&str; 2] = [
    "signature by cloakroom",
    "signature from minisign secret key",
];

/// The text of a `.minisig` file with these two comments and signatures.
fn written(untrusted: &str, first: &str, trusted: &str, last: &str) -> String {
    format!("untrusted comment: {untrusted}\n{first}\ntrusted comment: {trusted}\n{last}\n")
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public)
    }
}

fn key_error(error: minisign::PError) -> PackError {
    PackError::Key(error.to_string())
}

/// A minisign public key, written as its base64 line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(String);

/// Text that is not a minisign public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a public key is the base64 line of a minisign .pub file, which begins with RW")]
pub struct NotAPublicKey;

impl PublicKey {
    /// Whether the text of a `.minisig` file signs these bytes by this key; returns the trusted comment.
    #[must_use]
    pub fn check(&self, bytes: &[u8], signature: &str) -> Option<String> {
        let key = minisign::PublicKey::from_base64(&self.0).ok()?;
        let signature = SignatureBox::from_string(signature).ok()?;
        minisign::verify(&key, &signature, Cursor::new(bytes), true, false, false).ok()?;
        signature.trusted_comment().ok()
    }

    /// As [`Self::check`], to the last byte of the signature: the untrusted comment and whatever stands behind the last
    /// line are outside what minisign looks at. The comment is the one that [`SigningKey::sign`] writes, or the one that
    /// `minisign -S` writes when it is given none.
    #[must_use]
    pub fn check_exactly(&self, bytes: impl Read + Seek, signature: &str) -> Option<String> {
        let key = minisign::PublicKey::from_base64(&self.0).ok()?;
        let parsed = SignatureBox::from_string(signature).ok()?;
        minisign::verify(&key, &parsed, bytes, true, false, false).ok()?;
        let comment = parsed.trusted_comment().ok()?;
        let mut lines = signature.lines().skip(1).step_by(2);
        let (first, last) = (lines.next()?, lines.next()?);
        let canonical = |line: &str| {
            STANDARD
                .decode(line)
                .is_ok_and(|raw| STANDARD.encode(raw) == line)
        };
        let exact = canonical(first)
            && canonical(last)
            && UNTRUSTED_COMMENTS
                .iter()
                .any(|untrusted| signature == written(untrusted, first, &comment, last));
        exact.then_some(comment)
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PublicKey {
    type Err = NotAPublicKey;

    /// Reads the base64 line alone or a whole `.pub` file.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let key = if text.starts_with("untrusted comment:") {
            PublicKeyBox::from_string(text).and_then(PublicKeyBox::into_public_key)
        } else {
            minisign::PublicKey::from_base64(text)
        };
        key.map(|key| Self(key.to_base64()))
            .map_err(|_| NotAPublicKey)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = NotAPublicKey;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.0
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_get_the_same_signature_and_others_are_refused() {
        let (key, text) = SigningKey::generate(None).unwrap();
        let again = SigningKey::from_text(&text, None).unwrap();
        let signature = key.sign(b"list", "GX01 lung d0001");
        assert_eq!(signature, again.sign(b"list", "GX01 lung d0001"));
        assert_eq!(
            key.public().check(b"list", &signature).as_deref(),
            Some("GX01 lung d0001")
        );
        assert_eq!(key.public().check(b"lisT", &signature), None);
        let forged = signature.replace("d0001", "d0002");
        assert_eq!(key.public().check(b"list", &forged), None);
        let (other, _) = SigningKey::generate(None).unwrap();
        assert_eq!(other.public().check(b"list", &signature), None);
        let exactly = |signature: &str| key.public().check_exactly(Cursor::new(b"list"), signature);
        assert_eq!(exactly(&signature).as_deref(), Some("GX01 lung d0001"));
        for changed in [
            format!("{signature}\n"),
            signature.trim_end().to_owned(),
            signature.replace('\n', "\r\n"),
            signature.replace("by cloakroom", "by clockroom"),
            signature.replace("d0001", "d0002"),
        ] {
            assert_eq!(exactly(&changed), None);
        }
        assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.public()));
    }

    #[test]
    fn a_password_protects_the_key() {
        let (key, text) = SigningKey::generate(Some("a long walk")).unwrap();
        assert!(SigningKey::from_text(&text, None).is_err());
        assert!(SigningKey::from_text(&text, Some("a short walk")).is_err());
        let again = SigningKey::from_text(&text, Some("a long walk")).unwrap();
        assert_eq!(again.public(), key.public());
    }

    #[test]
    fn public_keys_read_back_alone_and_as_files() {
        let (key, _) = SigningKey::generate(None).unwrap();
        let line = key.public().to_string();
        assert_eq!(line.parse().as_ref(), Ok(key.public()));
        let file = format!("untrusted comment: minisign public key\n{line}\n");
        assert_eq!(file.parse().as_ref(), Ok(key.public()));
        assert_eq!("RWQ".parse::<PublicKey>(), Err(NotAPublicKey));
    }
}
