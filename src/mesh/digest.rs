//! Digests that identify contents: files, secrets, certificates, what containers are made from. Pure: no I/O.
//!
//! They are kept on disk, in labels and in files that go to other machines, so another algorithm makes everything seem
//! changed: `keystore.json` would be written again, every container replaced (`fingerprint` and its test with a literal
//! digest say what that costs), the files of `seed-*.json` taken for edited ones, the gateway's files for drift, and an
//! invitation for a damaged one.

use ring::digest;

use super::{passphrase::hex, secret::Secret};

/// The first 128 bits of SHA-256 over the parts, each with its length, in hexadecimal.
pub fn digest_of(parts: &[&[u8]]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    hex(&context.finish().as_ref()[..16])
}

/// The digest of a secret, which may be written where the secret itself may not: secrets of `mesh` are too long to be
/// guessed.
pub fn digest_of_secret(secret: &Secret) -> String {
    digest_of(&[secret.expose().as_bytes()])
}
