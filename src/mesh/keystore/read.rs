//! Reading: a whole file of format 5, 6 or 7, of which nothing is trusted. Pure.

use std::collections::BTreeMap;

use ring::aead;

use super::{
    Keystore, KeystoreError,
    format::{CODEC, FOOTER_LENGTH, Format, Keyring, MAGIC},
    is_setting_name,
};
use crate::mesh::secret::Secret;

impl Keystore {
    /// Reads a whole keystore file of format 5, 6 or 7.
    ///
    /// # Errors
    /// When the file is anything but an intact keystore with the empty password whose values are all texts. No content
    /// makes it panic or allocate more than a few times the length of `file`.
    pub fn open(file: &[u8], keys: &mut Keyring) -> Result<Self, KeystoreError> {
        let mut input = Input(file);
        let header = (input.u32_be().ok(), input.bytes_after_u8().ok());
        if header != (Some(MAGIC), Some(CODEC)) {
            return Err(KeystoreError::NotAKeystore);
        }
        let (covered, crc) = file.split_last_chunk::<8>().ok_or(KeystoreError::Checksum)?;
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
            return Err(KeystoreError::Malformed("its footer is not where it should be"));
        }

        let mut input = Input(data);
        let (salt, iv, sealed) =
            (input.bytes_after_u32_le()?, input.bytes_after_u32_le()?, input.bytes_after_u32_le()?);
        input.end()?;
        let nonce = aead::Nonce::try_assume_unique_for_key(iv)
            .map_err(|_| KeystoreError::Malformed("its initialization vector has the wrong length"))?;
        let mut sealed = sealed.to_vec();
        let plain = keys
            .key(format, salt)
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
                return Err(KeystoreError::Malformed("the name of an entry is not allowed"));
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
}

/// What has not been read yet. Lengths are checked against it before anything is taken.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], KeystoreError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(KeystoreError::Malformed("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], KeystoreError> {
        Ok(self.take(N)?.try_into().expect("as many bytes should be taken as asked for"))
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
            Err(KeystoreError::Malformed("there is more in it than its lengths say"))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;
    use crate::mesh::keystore::{Salt, write::SEED};

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

    fn file() -> Vec<u8> {
        let mut rng = StdRng::seed_from_u64(1);
        Keystore::example().seal(Format::V5, &Salt::random(&mut rng), &mut Keyring::default(), &mut rng)
    }

    #[test]
    fn a_file_that_elasticsearch_wrote_is_read() {
        let digits = |at: usize| &WRITTEN_BY_ELASTICSEARCH[at..at + 2];
        let file = (0..WRITTEN_BY_ELASTICSEARCH.len()).step_by(2).map(|at| u8::from_str_radix(digits(at), 16).unwrap());
        let mut expected = Keystore::new();
        expected.put("a.one", Secret::new("one"));
        expected.put("b.two", Secret::new("two"));
        expected.put(SEED, Secret::new("qop$bJQDsFUj%fm7V^su"));
        assert_eq!(Keystore::open(&file.collect::<Vec<_>>(), &mut Keyring::default()), Ok(expected));
    }

    #[test]
    fn each_kind_of_damage_has_its_name() {
        let file = file();
        let changed = |at: usize, to: u8| {
            let mut file = file.clone();
            file[at] = to;
            Keystore::open(&with_valid_checksum(file), &mut Keyring::default()).unwrap_err()
        };
        assert_eq!(Keystore::open(b"elastic=hunter2", &mut Keyring::default()), Err(KeystoreError::NotAKeystore));
        assert_eq!(changed(5, b'E'), KeystoreError::NotAKeystore);
        assert_eq!(changed(30, 4), KeystoreError::UnknownFormat(4));
        assert_eq!(changed(31, 1), KeystoreError::Password);
        assert_eq!(changed(40, b'x'), KeystoreError::Undecryptable);
        assert_eq!(changed(file.len() - 17, b'x'), KeystoreError::Undecryptable);
        assert!(matches!(changed(file.len() - 16, 0), KeystoreError::Malformed(_)));
        assert!(matches!(changed(35, 0xff), KeystoreError::Malformed(_)));
        assert_eq!(Keystore::open(&[&file[..], b"\n"].concat(), &mut Keyring::default()), Err(KeystoreError::Checksum));
    }

    #[test]
    fn entries_that_are_not_texts_are_named() {
        let plain = b"\0\0\0\x01\0\x04file\0\0\0\x01\xff";
        assert_eq!(Keystore::parse(plain), Err(KeystoreError::NotText("file".to_owned())));
        assert!(matches!(Keystore::parse(b"\xff\xff\xff\xff"), Err(KeystoreError::Malformed(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_bit_can_change_unnoticed(bit in 0usize..100_000, repaired: bool) {
            let mut file = file();
            // The checksum itself is the last 8 bytes: repairing it would undo the change.
            let bit = bit % ((file.len() - if repaired { 8 } else { 0 }) * 8);
            file[bit / 8] ^= 1 << (bit % 8);
            let file = if repaired { with_valid_checksum(file) } else { file };
            prop_assert!(Keystore::open(&file, &mut Keyring::default()).is_err());
        }

        #[test]
        fn a_truncated_file_is_refused(length in 0usize..100_000, repaired: bool) {
            let mut file = file();
            file.truncate(length % file.len());
            let file = if repaired && file.len() >= 8 { with_valid_checksum(file) } else { file };
            prop_assert!(Keystore::open(&file, &mut Keyring::default()).is_err());
        }

        #[test]
        fn random_bytes_are_refused(bytes: Vec<u8>, lead in 0usize..40) {
            prop_assert!(Keystore::open(&bytes, &mut Keyring::default()).is_err());
            let mut file = file()[..lead].to_vec();
            file.extend([bytes, vec![0; 8]].concat());
            prop_assert!(Keystore::open(&with_valid_checksum(file), &mut Keyring::default()).is_err());
        }

    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn random_entries_never_panic(bytes: Vec<u8>, names in proptest::collection::vec("[a-z.]{0,6}", 0..4), count in 0u32..5) {
            let entry = |name: &String| {
                [&u16::try_from(name.len()).unwrap().to_be_bytes()[..], name.as_bytes(), &[0, 0, 0, 7], b"hunter2"].concat()
            };
            let entries: Vec<u8> = names.iter().flat_map(entry).collect();
            for plain in [bytes.clone(), [&count.to_be_bytes()[..], &entries, &bytes].concat()] {
                if let Err(error) = Keystore::parse(&plain) {
                    prop_assert!(!error.to_string().contains("hunter2"));
                }
            }
        }

        /// Deriving a key takes long on purpose, and a wrong checksum is met before.
        #[test]
        fn random_files_never_panic(bytes: Vec<u8>, lead in 0usize..200) {
            static FILE: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(file);
            let lead = &FILE[..lead.min(FILE.len() - 1)];
            prop_assert!(Keystore::open(&[lead, &bytes].concat(), &mut Keyring::default()).is_err());
        }
    }
}
