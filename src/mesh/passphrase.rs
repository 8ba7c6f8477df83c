//! Passwords a person can read aloud and keys a machine can keep.
//!
//! Both are drawn from the generator the caller hands in; outside tests that is the operating system's. Pure: no I/O.

use std::fmt::Write as _;

use diceware_wordlists::EFF_LONG_WORDLIST;
use rand::{CryptoRng, seq::IndexedRandom as _};

use super::secret::Secret;

/// `words` words of the EFF's long list, joined by `-` and drawn uniformly and independently.
///
/// The list's four words that contain a `-` themselves are left out, so the text always splits into exactly `words`
/// parts. 7,772 words remain: log2(7772) = 12.92 bits each, so 6 words have 77.5 bits of entropy, 5 have 64.6 and 8
/// have 103.4. The shortest word has three letters, so two words already satisfy Elasticsearch's minimum of six
/// characters.
///
/// # Panics
/// When `words` is 0: an empty passphrase protects nothing.
#[must_use]
pub fn passphrase(words: usize, rng: &mut impl CryptoRng) -> Secret {
    assert!(words > 0, "a passphrase should have at least one word");
    let list = plain_words();
    let drawn: Vec<&str> = (0..words).map(|_| *list.choose(rng).expect("the word list should not be empty")).collect();
    Secret::new(drawn.join("-"))
}

/// `bytes` random bytes as lower-case hexadecimal, so twice as many characters and 8 bits of entropy a byte.
#[must_use]
pub fn hex_key(bytes: usize, rng: &mut impl CryptoRng) -> Secret {
    let mut key = vec![0; bytes];
    rng.fill_bytes(&mut key);
    Secret::new(hex(&key))
}

/// Two lower-case hexadecimal digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string should not fail");
        text
    })
}

fn plain_words() -> Vec<&'static str> {
    EFF_LONG_WORDLIST.iter().copied().filter(|word| !word.contains('-')).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    #[test]
    fn the_list_is_what_the_entropy_above_was_computed_from() {
        let words = plain_words();
        assert_eq!(words.len(), 7772);
        assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len(), "no word twice");
        assert!(words.iter().all(|word| word.len() >= 3 && word.bytes().all(|b| b.is_ascii_lowercase())));
        assert!((7772_f64.log2() - 12.924).abs() < 0.0005);
    }

    #[test]
    fn every_word_can_be_drawn_and_none_is_favoured() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut seen = BTreeMap::<String, usize>::new();
        for word in passphrase(200_000, &mut rng).expose().split('-') {
            *seen.entry(word.to_owned()).or_default() += 1;
        }
        assert_eq!(seen.len(), 7772);
        assert!(seen.values().all(|&times| times < 60), "26 are expected of each");
    }

    #[test]
    #[should_panic(expected = "at least one word")]
    fn an_empty_passphrase_is_refused() {
        let _ = passphrase(0, &mut StdRng::seed_from_u64(1));
    }

    proptest! {
        #[test]
        fn a_passphrase_splits_into_as_many_words_as_asked(words in 1usize..20, seed: u64) {
            let phrase = passphrase(words, &mut StdRng::seed_from_u64(seed));
            prop_assert_eq!(phrase.expose().split('-').filter(|word| EFF_LONG_WORDLIST.contains(word)).count(), words);
            prop_assert_eq!(phrase.expose().split('-').count(), words);
        }

        #[test]
        fn a_key_is_hexadecimal_and_never_repeats(bytes in 16usize..64, seed: u64) {
            let mut rng = StdRng::seed_from_u64(seed);
            let (first, second) = (hex_key(bytes, &mut rng), hex_key(bytes, &mut rng));
            prop_assert_eq!(first.expose().len(), 2 * bytes);
            prop_assert!(first.expose().bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
            prop_assert_ne!(first, second);
        }
    }
}
