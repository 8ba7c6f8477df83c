//! The token by which a Kibana logs in to its Elasticsearch, and the file by which that knows it. Pure: no I/O, and
//! randomness is an argument.
//!
//! A server reads `service_tokens` of its configuration directory when it starts, and again within 5 s of a change
//! (`FileServiceAccountTokenStore` in its sources). One line without a colon keeps it from starting, and takes every
//! token away from one that runs.

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use rand::CryptoRng;
use ring::digest::{Context, SHA256};

use super::{passphrase::hex_key, secret::Secret};

/// What every token begins with: the version of its form (`ServiceAccountToken` in Elasticsearch's sources).
const PREFIX: [u8; 4] = [0, 1, 0, 1];
/// The account that Elasticsearch has for Kibana, before the name of a token.
const ACCOUNT: &str = "elastic/kibana/";
/// The name of the first token that a mesh makes; later ones add to it.
const NAME: &str = "mesh";
/// The random bytes in the name of such a later one.
const NAME_BYTES: usize = 4;
/// The least characters that Elasticsearch takes for a secret (`ServiceAccountService`).
const LEAST: usize = 10;
/// The salted hash of the secret, as `Hasher.java` writes it: 8 bytes of salt, then SHA-256 of secret and salt. A
/// secret of 192 random bits needs no slow one.
const SCHEME: &str = "{SSHA256}";
/// Base64 characters of the salt.
const SALT: usize = 12;

/// A token as Kibana presents it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceToken(Secret);

impl ServiceToken {
    /// The first token of a Kibana.
    pub fn first(rng: &mut impl CryptoRng) -> Self {
        Self::named(NAME, rng)
    }

    /// A token that takes the place of another one, beside which it is valid: it has a name of its own.
    pub fn another(rng: &mut impl CryptoRng) -> Self {
        let name = format!("{NAME}-{}", hex_key(NAME_BYTES, rng).expose());
        Self::named(&name, rng)
    }

    fn named(name: &str, rng: &mut impl CryptoRng) -> Self {
        let text = format!("{ACCOUNT}{name}:{}", hex_key(24, rng).expose());
        Self(Secret::new(BASE64.encode([&PREFIX[..], text.as_bytes()].concat())))
    }

    /// What stands for any token in what a container is made from.
    pub fn placeholder() -> Self {
        Self(Secret::placeholder())
    }

    /// A token that a mesh made.
    pub fn parse(text: &str) -> Option<Self> {
        let token = Self(Secret::new(text));
        let (key, secret) = token.parts()?;
        (is_own(&key) && secret.expose().chars().count() >= LEAST).then_some(token)
    }

    /// The token itself.
    pub fn text(&self) -> &Secret {
        &self.0
    }

    /// Its name with that of the account, and its secret.
    fn parts(&self) -> Option<(String, Secret)> {
        let bytes = BASE64.decode(self.0.expose()).ok()?;
        let text = String::from_utf8(bytes.strip_prefix(&PREFIX)?.to_vec()).ok()?;
        let (key, secret) = text.split_once(':')?;
        Some((key.to_owned(), Secret::new(secret)))
    }

    /// Whether a server that has read this file knows the token.
    pub fn is_in(&self, file: &str) -> bool {
        let Some((key, secret)) = self.parts() else { return false };
        // of several lines with one name, the last counts
        let hash = entries(file).filter(|(name, _)| *name == key).last().map(|(_, hash)| hash);
        let verified = |hash: &str| {
            let hash = hash.strip_prefix(SCHEME)?;
            let (salt, _) = hash.split_at_checked(SALT)?;
            Some(hash == salted(&secret, &BASE64.decode(salt).ok()?))
        };
        is_readable(file) && hash.and_then(verified).unwrap_or(false)
    }

    /// The file with the token, and without lines that no server can read; every other one stays.
    pub fn added_to(&self, file: &str, rng: &mut impl CryptoRng) -> String {
        let Some((key, secret)) = self.parts() else { return file.to_owned() };
        let mut salt = [0; 8];
        rng.fill_bytes(&mut salt);
        let stays = |line: &&str| is_comment(line) || entry(line).is_some_and(|(name, _)| name != key);
        let kept = file.lines().map(in_first_column).filter(stays).map(|line| format!("{line}\n"));
        let line = format!("{key}:{SCHEME}{}\n", salted(&secret, &salt));
        kept.chain([line]).collect()
    }
}

/// Whether the file has tokens that a mesh made and that are not this one.
pub fn has_others(file: &str, than: Option<&ServiceToken>) -> bool {
    let key = than.and_then(ServiceToken::parts).map(|(key, _)| key);
    entries(file).any(|(name, _)| is_own(name) && Some(name) != key.as_deref())
}

/// The file without them; every other line stays.
pub fn without_others(file: &str, than: Option<&ServiceToken>) -> String {
    let stays = |line: &&str| !has_others(line, than);
    file.split_inclusive('\n').filter(stays).collect()
}

/// The salt and the hash, as one text.
fn salted(secret: &Secret, salt: &[u8]) -> String {
    let mut context = Context::new(&SHA256);
    context.update(secret.expose().as_bytes());
    context.update(salt);
    format!("{}{}", BASE64.encode(salt), BASE64.encode(context.finish()))
}

/// Whether a mesh made the token of this name: one such as `mesh-backup` is the user's.
fn is_own(key: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_random = |hex: &str| hex.len() == 2 * NAME_BYTES && hex.bytes().all(is_digit);
    key.strip_prefix(ACCOUNT)
        .and_then(|name| name.strip_prefix(NAME))
        .is_some_and(|rest| rest.is_empty() || rest.strip_prefix('-').is_some_and(is_random))
}

/// A server takes no blank before the `#` (`FileLineParser`).
fn is_comment(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

/// A comment where a server takes it for one; every other line as it is.
fn in_first_column(line: &str) -> &str {
    Some(line.trim_start()).filter(|line| line.starts_with('#')).unwrap_or(line)
}

fn entry(line: &str) -> Option<(&str, &str)> {
    line.trim().split_once(':').filter(|_| !is_comment(line))
}

fn entries(file: &str) -> impl Iterator<Item = (&str, &str)> {
    file.lines().filter_map(entry)
}

fn is_readable(file: &str) -> bool {
    file.lines().all(|line| is_comment(line) || entry(line).is_some())
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    const OTHERS: &str = "# of the user\nelastic/fleet-server/one:{PBKDF2}x\nelastic/kibana/meshed:{PBKDF2}x\n\
                          elastic/kibana/mesh-backup:{PBKDF2}x\n";

    #[test]
    fn a_token_is_what_elasticsearch_takes() {
        let rng = &mut StdRng::seed_from_u64(1);
        let token = ServiceToken::first(rng);
        // base64 of 0, 1, 0, 1 and of the name: see `ServiceAccountToken.asBearerString`
        assert!(token.text().expose().starts_with("AAEAAWVsYXN0aWMva2liYW5hL21lc2g6"), "{}", token.text().expose());
        for token in [token, ServiceToken::another(rng)] {
            assert!(!token.text().expose().contains('='), "Elasticsearch writes it without padding");
            assert_eq!(ServiceToken::parse(token.text().expose()), Some(token.clone()));
            assert!(!format!("{token:?}").contains("AAEA"));
        }
        let other = BASE64.encode(b"\0\x01\0\x01elastic/kibana/theirs:0123456789");
        let short = BASE64.encode(b"\0\x01\0\x01elastic/kibana/mesh:012345678");
        for text in ["", "AAEAAQ==", "hunter2", &other, &short] {
            assert_eq!(ServiceToken::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_has_a_token_by_its_hash_and_keeps_what_is_not_the_meshs() {
        let rng = &mut StdRng::seed_from_u64(2);
        let (old, new) = (ServiceToken::first(rng), ServiceToken::another(rng));
        let file = old.added_to(OTHERS, rng);
        assert!(old.is_in(&file) && !new.is_in(&file) && file.starts_with(OTHERS));
        assert!(!has_others(&file, Some(&old)) && has_others(&file, None) && has_others(&file, Some(&new)));
        let both = new.added_to(&file, rng);
        assert!(old.is_in(&both) && new.is_in(&both) && has_others(&both, Some(&new)));
        let last = without_others(&both, Some(&new));
        assert!(!old.is_in(&last) && new.is_in(&last) && last.starts_with(OTHERS));
        assert_eq!(without_others(&both, None), OTHERS);
        // the same name with another secret, as where one was lost
        let same = ServiceToken::first(rng);
        let replaced = same.added_to(&file, rng);
        assert!(same.is_in(&replaced) && !old.is_in(&replaced));
        insta::assert_snapshot!(old.added_to("", &mut StdRng::seed_from_u64(3)), @"elastic/kibana/mesh:{SSHA256}7NnEpT6hXxg=d1HcRN6yVQgSRRL60Gr6dbQZHZk7ctgm0SQ0OrL7XLw=");
    }

    #[test]
    fn what_no_server_can_read_is_taken_out() {
        let rng = &mut StdRng::seed_from_u64(4);
        let token = ServiceToken::first(rng);
        let damaged = token.added_to("", rng) + "no colon\n";
        assert!(!token.is_in(&damaged), "a server that reads this knows no token");
        let mended = token.added_to(&damaged, rng);
        assert!(token.is_in(&mended) && !mended.contains("no colon"));
        let indented = mended.clone() + "  # of the user\n";
        assert!(!token.is_in(&indented), "a comment begins in the first column");
        let mended = token.added_to(&indented, rng);
        assert!(token.is_in(&mended) && mended.starts_with("# of the user\n"), "{mended}");
        for damage in ["", "elastic/kibana/mesh:{SSHA256}\n", "elastic/kibana/mesh:{SSHA256}éééééééééééé\n"]
        {
            assert!(!token.is_in(damage), "{damage}");
        }
        let twice = format!("{mended}elastic/kibana/mesh:{{SSHA256}}AAAAAAAAAAA=x\n");
        assert!(!token.is_in(&twice), "the last line of a name counts");
        assert_eq!(token.added_to(&twice, rng).matches("elastic/kibana/mesh:").count(), 1);
    }
}
