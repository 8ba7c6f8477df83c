//! The layout of the file, and how strongly each format of it is encrypted. Pure.
//!
//! After `KeyStoreWrapper.java` and Lucene's `CodecUtil`, proved with Elasticsearch's own code (9.5.3) in both
//! directions.
//!
//! ```text
//! header   u32be 0x3fd76c17 · u8 22 · "elasticsearch.keystore" · u32be format · u8 0 (no password)
//! data     u32le length · [ u32le 64 · salt · u32le 12 · iv · u32le n · n bytes AES-GCM ciphertext and 16-byte tag ]
//! footer   u32be !0x3fd76c17 · u32be 0 · u64be CRC-32 of everything before it
//! plain    u32be count · for each: u16be length, name · u32be length, value
//! ```
//!
//! The salt is also the additional data of AES-GCM.

use std::{collections::BTreeMap, num::NonZeroU32};

use rand::CryptoRng;
use ring::{aead, pbkdf2};

use crate::mesh::{Mesh, id::ClusterId, settings::Profile};

pub(super) const MAGIC: u32 = 0x3fd7_6c17;
pub(super) const CODEC: &[u8] = b"elasticsearch.keystore";
pub(super) const FOOTER_LENGTH: usize = 16;
const SALT_LENGTH: usize = 64;

/// The keys that were derived so far, by format and salt: deriving one takes 0.1 s, and the keystores that a run writes
/// share a salt.
#[derive(Debug, Default)]
pub struct Keyring(BTreeMap<(Format, Vec<u8>), aead::LessSafeKey>);

impl Keyring {
    /// The key of a file with this salt, derived once.
    pub(super) fn key(&mut self, format: Format, salt: &[u8]) -> &aead::LessSafeKey {
        self.0.entry((format, salt.to_vec())).or_insert_with(|| format.derive(salt))
    }
}

/// What the key of a file is derived from, besides its password, which is empty: a salt protects nothing then, and
/// files may share one.
#[derive(Clone, Debug)]
pub struct Salt(pub(super) [u8; SALT_LENGTH]);

impl Salt {
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        let mut salt = [0; SALT_LENGTH];
        rng.fill_bytes(&mut salt);
        Self(salt)
    }
}

/// How strongly the file is encrypted. A server reads its own format and every older one, and refuses to start with a
/// newer one; at start it writes an older file again in its own format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// 10,000 rounds, 128 bits; since Elasticsearch 8.0.
    V5,
    /// 210,000 rounds, 128 bits; since 8.14 (pull request 107107, version comment in `KeyStoreWrapper.java`).
    V6,
    /// 210,000 rounds, 256 bits; since 8.18 and 9.0 (pull request 119749, release notes of both).
    V7,
}

impl Format {
    /// The strongest format that Elasticsearch `major.minor` can read.
    #[must_use]
    pub fn for_version(major: u16, minor: u16) -> Self {
        match (major, minor) {
            (9.., _) | (8, 18..) => Self::V7,
            (8, 14..) => Self::V6,
            _ => Self::V5,
        }
    }

    pub(super) fn number(self) -> u32 {
        match self {
            Self::V5 => 5,
            Self::V6 => 6,
            Self::V7 => 7,
        }
    }

    pub(super) fn from_number(number: u32) -> Option<Self> {
        [Self::V5, Self::V6, Self::V7].into_iter().find(|format| format.number() == number)
    }

    /// PBKDF2-HMAC-SHA512 of the empty password.
    fn derive(self, salt: &[u8]) -> aead::LessSafeKey {
        let (rounds, algorithm) = match self {
            Self::V5 => (10_000, &aead::AES_128_GCM),
            Self::V6 => (210_000, &aead::AES_128_GCM),
            Self::V7 => (210_000, &aead::AES_256_GCM),
        };
        let mut key = [0; 32];
        let key = &mut key[..algorithm.key_len()];
        let rounds = NonZeroU32::new(rounds).expect("the rounds should not be zero");
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA512, rounds, salt, b"", key);
        aead::LessSafeKey::new(
            aead::UnboundKey::new(algorithm, key).expect("the key should have the algorithm's length"),
        )
    }
}

impl Mesh {
    /// For a server that is going to start: the strongest that its version reads, since it would write another one
    /// again.
    pub fn keystore_format(&self, cluster: ClusterId) -> Format {
        let version = self.version(cluster);
        Format::for_version(version.major, version.minor)
    }

    /// For a server that runs and reads the file once more. With an empty password rounds protect nothing, and 210,000
    /// cost a JVM that compiles little 0.6 s of CPU.
    pub fn keystore_format_at_work(&self, cluster: ClusterId) -> Format {
        match self.spec.profile {
            Profile::Server => self.keystore_format(cluster),
            Profile::Smoke => Format::V5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_of_the_smoke_profile_that_runs_reads_a_weaker_format() {
        let mut mesh = Mesh::example(1);
        let formats =
            |mesh: &Mesh| (mesh.keystore_format(ClusterId::FIRST), mesh.keystore_format_at_work(ClusterId::FIRST));
        assert_eq!(formats(&mesh), (Format::V7, Format::V7));
        mesh.spec.profile = Profile::Smoke;
        assert_eq!(formats(&mesh), (Format::V7, Format::V5));
    }

    #[test]
    fn the_format_follows_the_version() {
        let formats = [(8, 13), (8, 14), (8, 17), (8, 18), (8, 19), (9, 0), (9, 5), (10, 0)]
            .map(|(a, b)| Format::for_version(a, b).number());
        assert_eq!(formats, [5, 6, 6, 7, 7, 7, 7, 7]);
    }
}
