//! Elasticsearch's keystore file, `config/elasticsearch.keystore`, read and written without a JVM.
//!
//! Layout after `KeyStoreWrapper.java` and Lucene's `CodecUtil`, proved with Elasticsearch's own code (9.5.3) in both
//! directions. Only keystores with the empty password: one with a password could not be opened by a server that starts
//! unattended.
//!
//! ```text
//! header   u32be 0x3fd76c17 · u8 22 · "elasticsearch.keystore" · u32be format · u8 0 (no password)
//! data     u32le length · [ u32le 64 · salt · u32le 12 · iv · u32le n · n bytes of AES-GCM ciphertext and 16-byte tag ]
//! footer   u32be !0x3fd76c17 · u32be 0 · u64be CRC-32 of everything before it
//! plain    u32be count · for each: u16be length, name · u32be length, value
//! ```
//!
//! The salt is also the additional data of AES-GCM. Pure: no I/O, and randomness is an argument.

use std::{collections::BTreeMap, num::NonZeroU32};

use rand::{CryptoRng, RngExt as _};
use ring::{aead, pbkdf2};

use super::{id::ClusterId, secret::Secret};

const MAGIC: u32 = 0x3fd7_6c17;
const CODEC: &[u8] = b"elasticsearch.keystore";
const FOOTER_LENGTH: usize = 16;
const SALT_LENGTH: usize = 64;

/// Every keystore has this entry: unique randomness for the node.
const SEED: &str = "keystore.seed";
const SEED_LENGTH: usize = 20;
/// `SEED_CHARS` of `KeyStoreWrapper.java`.
const SEED_ALPHABET: &[u8; 76] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789~!@#$%^&*-_=+?";

/// The password of `elastic` until it has one of its own in the `.security` index.
pub const BOOTSTRAP_PASSWORD: &str = "bootstrap.password";

/// The entry with the API key by which a remote is reached. A misspelt name silently selects trust by certificate.
pub fn credentials_of(remote: ClusterId) -> String {
    format!("cluster.remote.{remote}.credentials")
}

/// The remote that an entry belongs to, if it is one of [`credentials_of`].
pub fn remote_of(entry: &str) -> Option<ClusterId> {
    entry.strip_prefix("cluster.remote.")?.strip_suffix(".credentials")?.parse().ok()
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

    fn number(self) -> u32 {
        match self {
            Self::V5 => 5,
            Self::V6 => 6,
            Self::V7 => 7,
        }
    }

    fn from_number(number: u32) -> Option<Self> {
        [Self::V5, Self::V6, Self::V7]
            .into_iter()
            .find(|format| format.number() == number)
    }

    /// PBKDF2-HMAC-SHA512 of the empty password.
    fn key(self, salt: &[u8]) -> aead::LessSafeKey {
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
            aead::UnboundKey::new(algorithm, key)
                .expect("the key should have the algorithm's length"),
        )
    }
}

/// Why a file is not a keystore that can be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeystoreError {
    #[error("this is not an Elasticsearch keystore")]
    NotAKeystore,
    #[error("the keystore has format {0}, known are 5, 6 and 7")]
    UnknownFormat(u32),
    #[error("the keystore is protected by a password")]
    Password,
    #[error("the keystore is damaged: its checksum does not match")]
    Checksum,
    #[error("the keystore is damaged: it cannot be decrypted")]
    Undecryptable,
    #[error("the keystore is damaged: {0}")]
    Malformed(&'static str),
    #[error("the entry `{0}` of the keystore is not a text")]
    NotText(String),
}

/// The entries of a keystore, by the name of the setting they belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keystore {
    entries: BTreeMap<String, Secret>,
}

impl Keystore {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.entries.get(name)
    }

    /// Adds or replaces an entry.
    ///
    /// # Panics
    /// When Elasticsearch would not allow the name: letters, digits, `_`, `-` and `.`, at least one.
    pub fn put(&mut self, name: impl Into<String>, value: Secret) {
        let name = name.into();
        assert!(
            is_setting_name(name.as_bytes()),
            "`{name}` should be a name that Elasticsearch allows in a keystore"
        );
        self.entries.insert(name, value);
    }

    pub fn remove(&mut self, name: &str) -> Option<Secret> {
        self.entries.remove(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    #[must_use]
    pub fn entries(&self) -> &BTreeMap<String, Secret> {
        &self.entries
    }

    /// Reads a whole keystore file of format 5, 6 or 7.
    ///
    /// # Errors
    /// When the file is anything but an intact keystore with the empty password whose values are all texts. No content
    /// makes it panic or allocate more than a few times the length of `file`.
    pub fn open(file: &[u8]) -> Result<Self, KeystoreError> {
        let mut input = Input(file);
        let header = (input.u32_be().ok(), input.bytes_after_u8().ok());
        if header != (Some(MAGIC), Some(CODEC)) {
            return Err(KeystoreError::NotAKeystore);
        }
        let (covered, crc) = file
            .split_last_chunk::<8>()
            .ok_or(KeystoreError::Checksum)?;
        if u64::from_be_bytes(*crc) != u64::from(crc32fast::hash(covered)) {
            return Err(KeystoreError::Checksum);
        }
        let number = input.u32_be()?;
        let format = Format::from_number(number).ok_or(KeystoreError::UnknownFormat(number))?;
        match input.take(1)? {
            [0] => {}
            [1] => return Err(KeystoreError::Password),
            _ => return Err(KeystoreError::Malformed("its header is not understood")),
        }
        let data = input.bytes_after_u32_le()?;
        if input.0.len() != FOOTER_LENGTH || input.u32_be()? != !MAGIC || input.u32_be()? != 0 {
            return Err(KeystoreError::Malformed(
                "its footer is not where it should be",
            ));
        }

        let mut input = Input(data);
        let (salt, iv, sealed) = (
            input.bytes_after_u32_le()?,
            input.bytes_after_u32_le()?,
            input.bytes_after_u32_le()?,
        );
        input.end()?;
        let nonce = aead::Nonce::try_assume_unique_for_key(iv).map_err(|_| {
            KeystoreError::Malformed("its initialization vector has the wrong length")
        })?;
        let mut sealed = sealed.to_vec();
        let plain = format
            .key(salt)
            .open_in_place(nonce, aead::Aad::from(salt), &mut sealed)
            .map_err(|_| KeystoreError::Undecryptable)?;
        Self::parse(plain)
    }

    fn parse(plain: &[u8]) -> Result<Self, KeystoreError> {
        let mut input = Input(plain);
        let mut entries = BTreeMap::new();
        for _ in 0..input.u32_be()? {
            let name = input.bytes_after_u16_be()?;
            if !is_setting_name(name) {
                return Err(KeystoreError::Malformed(
                    "the name of an entry is not allowed",
                ));
            }
            let name = String::from_utf8_lossy(name).into_owned();
            let value = input.bytes_after_u32_be()?;
            let value = str::from_utf8(value).map_err(|_| KeystoreError::NotText(name.clone()))?;
            if entries.insert(name, Secret::new(value)).is_some() {
                return Err(KeystoreError::Malformed("an entry is there twice"));
            }
        }
        input.end()?;
        Ok(Self { entries })
    }

    /// The whole file, with a fresh salt, iv and, unless there is one, `keystore.seed`. The seed is only in the file:
    /// to keep it, open the file before it is written again. Takes about 0.1 s in formats 6 and 7.
    ///
    /// # Panics
    /// When the entries together are larger than 4 GiB, which the file has no room for.
    #[must_use]
    pub fn seal(&self, format: Format, rng: &mut impl CryptoRng) -> Vec<u8> {
        let mut salt = [0; SALT_LENGTH];
        rng.fill_bytes(&mut salt);
        let mut iv = [0; aead::NONCE_LEN];
        rng.fill_bytes(&mut iv);

        let mut sealed = self.seeded(rng).plain();
        let nonce = aead::Nonce::assume_unique_for_key(iv);
        let key = format.key(&salt);
        key.seal_in_place_append_tag(nonce, aead::Aad::from(salt), &mut sealed)
            .expect("the entries should fit AES-GCM's 64 GiB");

        let mut data = Vec::new();
        for part in [&salt[..], &iv, &sealed] {
            data.extend(length(part).to_le_bytes());
            data.extend(part);
        }
        let mut file = Vec::new();
        file.extend(MAGIC.to_be_bytes());
        file.push(u8::try_from(CODEC.len()).expect("the codec's name should be short"));
        file.extend(CODEC);
        file.extend(format.number().to_be_bytes());
        file.push(0);
        file.extend(length(&data).to_le_bytes());
        file.extend(data);
        file.extend((!MAGIC).to_be_bytes());
        file.extend(0_u32.to_be_bytes());
        file.extend(u64::from(crc32fast::hash(&file)).to_be_bytes());
        file
    }

    fn seeded(&self, rng: &mut impl CryptoRng) -> Self {
        let mut seeded = self.clone();
        seeded.entries.entry(SEED.to_owned()).or_insert_with(|| {
            let seed = (0..SEED_LENGTH)
                .map(|_| char::from(SEED_ALPHABET[rng.random_range(..SEED_ALPHABET.len())]));
            Secret::new(seed.collect::<String>())
        });
        seeded
    }

    fn plain(&self) -> Vec<u8> {
        let mut plain = u32::try_from(self.entries.len())
            .expect("the entries should be countable")
            .to_be_bytes()
            .to_vec();
        for (name, value) in &self.entries {
            plain.extend(
                u16::try_from(name.len())
                    .expect("a name should have been checked")
                    .to_be_bytes(),
            );
            plain.extend(name.as_bytes());
            plain.extend(length(value.expose().as_bytes()).to_be_bytes());
            plain.extend(value.expose().as_bytes());
        }
        plain
    }
}

/// `ALLOWED_SETTING_NAME` of `KeyStoreWrapper.java`, and short enough for the file.
fn is_setting_name(name: &[u8]) -> bool {
    (1..=usize::from(u16::MAX)).contains(&name.len())
        && name
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(b))
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("a keystore should be smaller than 4 GiB")
}

/// What has not been read yet. Lengths are checked against it before anything is taken.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], KeystoreError> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(KeystoreError::Malformed("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], KeystoreError> {
        Ok(self
            .take(N)?
            .try_into()
            .expect("as many bytes should be taken as asked for"))
    }

    fn u32_be(&mut self) -> Result<u32, KeystoreError> {
        self.array().map(u32::from_be_bytes)
    }

    fn bytes_after_u8(&mut self) -> Result<&'a [u8], KeystoreError> {
        let [length] = self.array()?;
        self.take(length.into())
    }

    fn bytes_after_u16_be(&mut self) -> Result<&'a [u8], KeystoreError> {
        let length = u16::from_be_bytes(self.array()?);
        self.take(length.into())
    }

    fn bytes_after_u32_be(&mut self) -> Result<&'a [u8], KeystoreError> {
        let length = u32::from_be_bytes(self.array()?);
        self.take(length as usize)
    }

    fn bytes_after_u32_le(&mut self) -> Result<&'a [u8], KeystoreError> {
        let length = u32::from_le_bytes(self.array()?);
        self.take(length as usize)
    }

    fn end(&self) -> Result<(), KeystoreError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(KeystoreError::Malformed(
                "there is more in it than its lengths say",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    fn keystore() -> Keystore {
        let mut keystore = Keystore::new();
        keystore.put("bootstrap.password", Secret::new("correct-horse"));
        keystore.put(
            "cluster.remote.cluster02.credentials",
            Secret::new("VXpKdw=="),
        );
        keystore
    }

    /// Written by Elasticsearch 9.5.3's `KeyStoreWrapper`: `create`, then `add` of two entries.
    const WRITTEN_BY_ELASTICSEARCH: &str = "\
        3fd76c1716656c61737469637365617263682e6b657973746f72650000000700af00000040000000887fd381c8c4b9f514e1\
        4bdf245cac0e6eef275a3db7ea1ea7a98bd56e4f71cc13b24ab35f6fc5c2ed28dd40ef3e1b25ec5b58a766bb4f418c1ba36e\
        be0f17af0c0000003a7040594c9d08f098b74a8a57000000ac4b4ec07d8b7b95b30789e7d7e3e52adb04d9f3883e21af3194\
        e9ae501f0deb0c537a7e504533c63360e6f31832eb8f425e065ae92768c7d33e2b53211b4cb402df64db95b16b86a3a9a2b0\
        ebd6ba9588f60af1608a1fc02893e800000000000000006985ab36";

    fn with_valid_checksum(mut file: Vec<u8>) -> Vec<u8> {
        let covered = file.len() - 8;
        let crc = u64::from(crc32fast::hash(&file[..covered])).to_be_bytes();
        file[covered..].copy_from_slice(&crc);
        file
    }

    #[test]
    fn every_format_comes_back_with_a_seed() {
        for format in [Format::V5, Format::V6, Format::V7] {
            let file = keystore().seal(format, &mut StdRng::seed_from_u64(1));
            let mut opened = Keystore::open(&file).unwrap();
            let again =
                Keystore::open(&opened.seal(format, &mut StdRng::seed_from_u64(2))).unwrap();
            assert_eq!(again, opened, "a seed that is there is kept");
            let seed = opened.remove(SEED).unwrap();
            assert_eq!(seed.expose().len(), 20);
            assert!(seed.expose().bytes().all(|b| SEED_ALPHABET.contains(&b)));
            assert_eq!(opened, keystore());
        }
    }

    #[test]
    fn a_file_that_elasticsearch_wrote_is_read() {
        let digits = |at: usize| &WRITTEN_BY_ELASTICSEARCH[at..at + 2];
        let file = (0..WRITTEN_BY_ELASTICSEARCH.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(digits(at), 16).unwrap());
        let mut expected = Keystore::new();
        expected.put("a.one", Secret::new("one"));
        expected.put("b.two", Secret::new("two"));
        expected.put(SEED, Secret::new("qop$bJQDsFUj%fm7V^su"));
        assert_eq!(Keystore::open(&file.collect::<Vec<_>>()), Ok(expected));
    }

    #[test]
    fn the_header_is_what_lucene_expects() {
        let file = keystore().seal(Format::V5, &mut StdRng::seed_from_u64(1));
        assert_eq!(&file[..5], &[0x3f, 0xd7, 0x6c, 0x17, 22]);
        assert_eq!(&file[5..32], b"elasticsearch.keystore\0\0\0\x05\0");
        assert_eq!(
            u32::from_le_bytes(file[32..36].try_into().unwrap()) as usize,
            file.len() - 36 - 16
        );
        assert_eq!(
            &file[file.len() - 16..file.len() - 8],
            &[0xc0, 0x28, 0x93, 0xe8, 0, 0, 0, 0]
        );
    }

    #[test]
    fn the_format_follows_the_version() {
        let formats = [
            (8, 13),
            (8, 14),
            (8, 17),
            (8, 18),
            (8, 19),
            (9, 0),
            (9, 5),
            (10, 0),
        ]
        .map(|(a, b)| Format::for_version(a, b).number());
        assert_eq!(formats, [5, 6, 6, 7, 7, 7, 7, 7]);
    }

    #[test]
    fn each_kind_of_damage_has_its_name() {
        let file = keystore().seal(Format::V5, &mut StdRng::seed_from_u64(1));
        let changed = |at: usize, to: u8| {
            let mut file = file.clone();
            file[at] = to;
            Keystore::open(&with_valid_checksum(file)).unwrap_err()
        };
        assert_eq!(
            Keystore::open(b"elastic=hunter2"),
            Err(KeystoreError::NotAKeystore)
        );
        assert_eq!(changed(5, b'E'), KeystoreError::NotAKeystore);
        assert_eq!(changed(30, 4), KeystoreError::UnknownFormat(4));
        assert_eq!(changed(31, 1), KeystoreError::Password);
        assert_eq!(changed(40, b'x'), KeystoreError::Undecryptable);
        assert_eq!(changed(file.len() - 17, b'x'), KeystoreError::Undecryptable);
        assert!(matches!(
            changed(file.len() - 16, 0),
            KeystoreError::Malformed(_)
        ));
        assert!(matches!(changed(35, 0xff), KeystoreError::Malformed(_)));
        assert_eq!(
            Keystore::open(&[&file[..], b"\n"].concat()),
            Err(KeystoreError::Checksum)
        );
    }

    #[test]
    fn entries_that_are_not_texts_are_named() {
        let plain = b"\0\0\0\x01\0\x04file\0\0\0\x01\xff";
        assert_eq!(
            Keystore::parse(plain),
            Err(KeystoreError::NotText("file".to_owned()))
        );
        assert!(matches!(
            Keystore::parse(b"\xff\xff\xff\xff"),
            Err(KeystoreError::Malformed(_))
        ));
    }

    #[test]
    #[should_panic(expected = "a name that Elasticsearch allows")]
    fn names_elasticsearch_would_refuse_never_get_in() {
        Keystore::new().put("cluster remote", Secret::new("x"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whatever_is_sealed_is_opened(entries in prop::collection::btree_map("[A-Za-z0-9_.-]{1,30}", "\\PC{0,30}", 0..6), seed: u64) {
            let mut keystore = Keystore::new();
            entries.into_iter().for_each(|(name, value)| keystore.put(name, Secret::new(value)));
            let mut opened = Keystore::open(&keystore.seal(Format::V5, &mut StdRng::seed_from_u64(seed))).unwrap();
            if keystore.get(SEED).is_none() {
                prop_assert!(opened.remove(SEED).is_some());
            }
            prop_assert_eq!(opened, keystore);
        }

        #[test]
        fn no_bit_can_change_unnoticed(bit in 0usize..100_000, repaired: bool) {
            let mut file = keystore().seal(Format::V5, &mut StdRng::seed_from_u64(1));
            // The checksum itself is the last 8 bytes: repairing it would undo the change.
            let bit = bit % ((file.len() - if repaired { 8 } else { 0 }) * 8);
            file[bit / 8] ^= 1 << (bit % 8);
            let file = if repaired { with_valid_checksum(file) } else { file };
            prop_assert!(Keystore::open(&file).is_err());
        }

        #[test]
        fn a_truncated_file_is_refused(length in 0usize..100_000, repaired: bool) {
            let mut file = keystore().seal(Format::V5, &mut StdRng::seed_from_u64(1));
            file.truncate(length % file.len());
            let file = if repaired && file.len() >= 8 { with_valid_checksum(file) } else { file };
            prop_assert!(Keystore::open(&file).is_err());
        }

        #[test]
        fn random_bytes_are_refused(bytes: Vec<u8>, lead in 0usize..40) {
            prop_assert!(Keystore::open(&bytes).is_err());
            let mut file = keystore().seal(Format::V5, &mut StdRng::seed_from_u64(1))[..lead].to_vec();
            file.extend([bytes, vec![0; 8]].concat());
            prop_assert!(Keystore::open(&with_valid_checksum(file)).is_err());
        }

        #[test]
        fn random_entries_never_panic(bytes: Vec<u8>) {
            let _ = Keystore::parse(&bytes);
        }
    }
}
