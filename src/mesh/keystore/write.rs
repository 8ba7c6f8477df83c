//! Writing: the whole file, sealed anew each time. Pure: randomness is an argument.

use rand::{CryptoRng, RngExt as _};
use ring::aead;

use super::{
    Keystore,
    format::{CODEC, Format, Keyring, MAGIC, Salt},
};
use crate::mesh::secret::Secret;

/// Every keystore has this entry: unique randomness for the node.
pub const SEED: &str = "keystore.seed";
const SEED_LENGTH: usize = 20;
/// `SEED_CHARS` of `KeyStoreWrapper.java`.
const SEED_ALPHABET: &[u8; 76] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789~!@#$%^&*-_=+?";

impl Keystore {
    /// The whole file, with a fresh iv and, unless there is one, `keystore.seed`. The seed is only in the file: to keep
    /// it, open the file before it is written again. The first file with a salt takes about 0.1 s in formats 6 and 7.
    ///
    /// # Panics
    /// When the entries together are larger than 4 GiB, which the file has no room for.
    #[must_use]
    pub fn seal(&self, format: Format, Salt(salt): &Salt, keys: &mut Keyring, rng: &mut impl CryptoRng) -> Vec<u8> {
        let mut iv = [0; aead::NONCE_LEN];
        rng.fill_bytes(&mut iv);

        let mut sealed = self.seeded(rng).plain();
        let nonce = aead::Nonce::assume_unique_for_key(iv);
        let key = keys.key(format, salt);
        key.seal_in_place_append_tag(nonce, aead::Aad::from(salt), &mut sealed)
            .expect("the entries should fit AES-GCM's 64 GiB");

        let mut data = Vec::new();
        for part in [salt, &iv[..], &sealed] {
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
            let seed = (0..SEED_LENGTH).map(|_| char::from(SEED_ALPHABET[rng.random_range(..SEED_ALPHABET.len())]));
            Secret::new(seed.collect::<String>())
        });
        seeded
    }

    fn plain(&self) -> Vec<u8> {
        let mut plain =
            u32::try_from(self.entries.len()).expect("the entries should be countable").to_be_bytes().to_vec();
        for (name, value) in &self.entries {
            plain.extend(u16::try_from(name.len()).expect("a name should have been checked").to_be_bytes());
            plain.extend(name.as_bytes());
            plain.extend(length(value.expose().as_bytes()).to_be_bytes());
            plain.extend(value.expose().as_bytes());
        }
        plain
    }
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("a keystore should be smaller than 4 GiB")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    fn seal(keystore: &Keystore, format: Format, seed: u64) -> Vec<u8> {
        let mut rng = StdRng::seed_from_u64(seed);
        keystore.seal(format, &Salt::random(&mut rng), &mut Keyring::default(), &mut rng)
    }

    #[test]
    fn every_format_comes_back_with_a_seed() {
        for format in [Format::V5, Format::V6, Format::V7] {
            let file = seal(&Keystore::example(), format, 1);
            let mut opened = Keystore::open(&file, &mut Keyring::default()).unwrap();
            let again = Keystore::open(&seal(&opened, format, 2), &mut Keyring::default()).unwrap();
            assert_eq!(again, opened, "a seed that is there is kept");
            let seed = opened.remove(SEED).unwrap();
            assert_eq!(seed.expose().len(), 20);
            assert!(seed.expose().bytes().all(|b| SEED_ALPHABET.contains(&b)));
            assert_eq!(opened, Keystore::example());
        }
    }

    #[test]
    fn files_that_share_a_salt_share_nothing_else() {
        let mut rng = StdRng::seed_from_u64(1);
        let salt = Salt::random(&mut rng);
        let mut keystore = Keystore::example();
        keystore.put(SEED, Secret::new("the same in both"));
        let files = [(), ()].map(|()| keystore.seal(Format::V5, &salt, &mut Keyring::default(), &mut rng));
        let (iv, sealed) = (108..120, 124..files[0].len() - 16);
        assert_ne!(files[0][iv.clone()], files[1][iv], "the iv should be fresh");
        assert_ne!(files[0][sealed.clone()], files[1][sealed]);
        for file in &files {
            assert_eq!(Keystore::open(file, &mut Keyring::default()).as_ref(), Ok(&keystore));
        }
    }

    #[test]
    fn the_header_is_what_lucene_expects() {
        let file = seal(&Keystore::example(), Format::V5, 1);
        assert_eq!(&file[..5], &[0x3f, 0xd7, 0x6c, 0x17, 22]);
        assert_eq!(&file[5..32], b"elasticsearch.keystore\0\0\0\x05\0");
        assert_eq!(u32::from_le_bytes(file[32..36].try_into().unwrap()) as usize, file.len() - 36 - 16);
        assert_eq!(&file[file.len() - 16..file.len() - 8], &[0xc0, 0x28, 0x93, 0xe8, 0, 0, 0, 0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whatever_is_sealed_is_opened(entries in prop::collection::btree_map("[A-Za-z0-9_.-]{1,30}", "\\PC{0,30}", 0..6), seed: u64) {
            let mut keystore = Keystore::new();
            for (name, value) in entries {
                keystore.put(name, Secret::new(value));
            }
            let mut opened = Keystore::open(&seal(&keystore, Format::V5, seed), &mut Keyring::default()).unwrap();
            if !keystore.entries.contains_key(SEED) {
                prop_assert!(opened.remove(SEED).is_some());
            }
            prop_assert_eq!(opened, keystore);
        }
    }
}
