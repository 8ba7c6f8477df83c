//! The passwords and the key that open a mesh, as they stand in `credentials.txt`.
//!
//! The file is meant for people too: they read the password of `elastic` in it and may put their own there before the
//! first run. So an error names the line, and never the value. Pure: no I/O.

use std::collections::BTreeMap;

use rand::CryptoRng;

use super::{
    id::ClusterId,
    passphrase::{hex_key, passphrase},
    secret::Secret,
    service_token::ServiceToken,
    users::UserName,
};

/// The least Elasticsearch accepts for a user's password (`Validation.Users` in x-pack core), in characters.
const PASSWORD_MINIMUM: usize = 6;
/// The least Kibana accepts for `xpack.encryptedSavedObjects.encryptionKey` and its siblings, in characters.
const KEY_MINIMUM: usize = 32;
/// Names in the file, in the order they are written, with the least length of their values.
const FIELDS: [(&str, usize); 3] =
    [("elastic", PASSWORD_MINIMUM), ("kibana_system", PASSWORD_MINIMUM), ("kibana_encryption_key", KEY_MINIMUM)];

/// What stands before the cluster whose Kibana logs in with a token.
const TOKEN: &str = "kibana_token.";
/// What stands before the name of a user of the mesh.
const USER: &str = "user.";

/// What a person or Kibana needs to log in. Passwords and key are the same for every cluster of a mesh. No value holds
/// a line break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Password of the superuser `elastic`.
    pub elastic: Secret,
    /// Password with which Kibana itself logs in, of a mesh that has a cluster without a token.
    pub kibana_system: Option<Secret>,
    /// Encrypts Kibana's saved objects, sessions and reports: must outlive every restart.
    pub kibana_encryption_key: Secret,
    /// The token with which each Kibana logs in, of those that have one.
    pub kibana_tokens: BTreeMap<ClusterId, ServiceToken>,
    /// The password that each user of the mesh was given; what she made of it since is not known.
    pub users: BTreeMap<UserName, Secret>,
}

/// Why `credentials.txt` cannot be used. Never quotes a value, nor a name it does not know: that may be a misplaced
/// password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    #[error("line {line}: expected `name=value`")]
    Syntax { line: usize },
    #[error(
        "line {line}: unknown name, the known ones are `elastic`, `kibana_system`, `kibana_encryption_key`, \
         `kibana_token.` with a cluster and `user.` with the name of a user"
    )]
    Unknown { line: usize },
    #[error("line {line}: `{name}` is given twice, first in line {first}")]
    Duplicate { line: usize, name: String, first: usize },
    #[error("line {line}: `{name}` is empty")]
    Empty { line: usize, name: String },
    #[error("line {line}: the value of `{name}` begins or ends with white space")]
    Padded { line: usize, name: String },
    #[error("line {line}: `{name}` has fewer than {minimum} characters")]
    Short { line: usize, name: String, minimum: usize },
    #[error("line {line}: the value of `{name}` is not a token that mesh made")]
    NoToken { line: usize, name: String },
    #[error("`{name}` is missing")]
    Missing { name: &'static str },
}

impl Credentials {
    /// A passphrase of `words` words (see [`passphrase`] for its strength; at least 2) and a key of 256 bits: what
    /// every mesh has. [`Mesh::complete`](super::Mesh::complete) adds what its Kibanas log in with.
    #[must_use]
    pub fn generate(words: usize, rng: &mut impl CryptoRng) -> Self {
        Self {
            elastic: passphrase(words, rng),
            kibana_system: None,
            kibana_encryption_key: hex_key(32, rng),
            kibana_tokens: BTreeMap::new(),
            users: BTreeMap::new(),
        }
    }

    /// Reads the text of `credentials.txt`: one `name=value` a line, in any order, split at the first `=`. Blank lines
    /// and lines that begin with `#` are skipped, and what Windows editors leave (CRLF, a byte order mark) is
    /// tolerated.
    ///
    /// # Errors
    /// The first thing that is wrong, from the top.
    pub fn parse(text: &str) -> Result<Self, CredentialsError> {
        let mut found: BTreeMap<&str, (usize, Secret)> = BTreeMap::new();
        for (index, content) in text.strip_prefix('\u{feff}').unwrap_or(text).split('\n').enumerate() {
            let (line, content) = (index + 1, content.strip_suffix('\r').unwrap_or(content));
            if content.trim().is_empty() || content.starts_with('#') {
                continue;
            }
            let (name, value) = content.split_once('=').ok_or(CredentialsError::Syntax { line })?;
            let minimum = minimum(name).ok_or(CredentialsError::Unknown { line })?;
            let known = || name.to_owned();
            if let Some((first, _)) = found.get(name) {
                return Err(CredentialsError::Duplicate { line, name: known(), first: *first });
            }
            if value.is_empty() {
                return Err(CredentialsError::Empty { line, name: known() });
            }
            if value.trim() != value {
                return Err(CredentialsError::Padded { line, name: known() });
            }
            if value.chars().count() < minimum {
                return Err(CredentialsError::Short { line, name: known(), minimum });
            }
            if cluster(name).is_some() && ServiceToken::parse(value).is_none() {
                return Err(CredentialsError::NoToken { line, name: known() });
            }
            found.insert(name, (line, Secret::new(value)));
        }
        let mut take = |name: &'static str| match found.remove(name) {
            Some((_, secret)) => Ok(secret),
            None => Err(CredentialsError::Missing { name }),
        };
        let (elastic, kibana_encryption_key) = (take(FIELDS[0].0)?, take(FIELDS[2].0)?);
        let kibana_system = found.remove(FIELDS[1].0).map(|(_, secret)| secret);
        let token = |(name, (_, secret)): (&&str, &(usize, Secret))| {
            Some((cluster(name)?, ServiceToken::parse(secret.expose())?))
        };
        let kibana_tokens = found.iter().filter_map(token).collect();
        let user = |(name, (_, secret)): (&str, (usize, Secret))| Some((user(name)?, secret));
        let users = found.into_iter().filter_map(user).collect();
        Ok(Self { elastic, kibana_system, kibana_encryption_key, kibana_tokens, users })
    }

    /// The whole text of `credentials.txt`; [`Credentials::parse`] gives the same credentials back.
    #[must_use]
    pub fn render(&self) -> Secret {
        let values = [Some(&self.elastic), self.kibana_system.as_ref(), Some(&self.kibana_encryption_key)];
        let own = FIELDS.iter().zip(values).filter_map(|((name, _), value)| Some(((*name).to_owned(), value?)));
        let tokens = self.kibana_tokens.iter().map(|(cluster, token)| (format!("{TOKEN}{cluster}"), token.text()));
        let users = self.users.iter().map(|(name, value)| (format!("{USER}{name}"), value));
        Secret::new(
            own.chain(tokens)
                .chain(users)
                .map(|(name, value)| [&name, "=", value.expose(), "\n"].concat())
                .collect::<String>(),
        )
    }
}

/// Whether a text can be the password of a user.
///
/// # Errors
/// Why not, without quoting it.
pub fn require_usable(text: &str) -> Result<(), &'static str> {
    if text.contains(['\n', '\r']) {
        return Err("it has several lines");
    }
    if text.trim() != text {
        return Err("it begins or ends with white space");
    }
    if text.chars().count() < PASSWORD_MINIMUM {
        return Err("it has fewer than 6 characters");
    }
    Ok(())
}

/// The cluster whose token stands under a name in the file.
fn cluster(name: &str) -> Option<ClusterId> {
    name.strip_prefix(TOKEN)?.parse().ok()
}

/// The user whose password stands under a name in the file.
fn user(name: &str) -> Option<UserName> {
    name.strip_prefix(USER)?.parse().ok()
}

/// The least length of the value with a name, if there is such a name.
fn minimum(name: &str) -> Option<usize> {
    let field = FIELDS.iter().find(|field| field.0 == name).map(|field| field.1);
    field.or_else(|| cluster(name).map(|_| 1)).or_else(|| user(name).map(|_| PASSWORD_MINIMUM))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn file(elastic: &str, kibana_system: &str, key: &str) -> String {
        format!("elastic={elastic}\nkibana_system={kibana_system}\nkibana_encryption_key={key}\n")
    }

    fn refusal(text: &str) -> String {
        Credentials::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_generated_is_read_back() {
        let rng = &mut StdRng::seed_from_u64(7);
        let mut credentials = Credentials::generate(6, rng);
        assert_eq!(Credentials::parse(credentials.render().expose()), Ok(credentials.clone()));
        credentials.kibana_tokens.insert(ClusterId::FIRST, ServiceToken::first(rng));
        assert_eq!(Credentials::parse(credentials.render().expose()), Ok(credentials.clone()));
        assert_eq!(credentials.elastic.expose().split('-').count(), 6);
        assert_eq!(credentials.kibana_encryption_key.expose().len(), 64);
    }

    #[test]
    fn a_file_edited_by_hand_is_understood() {
        let text = format!(
            "\u{feff}# mine\r\n\r\nkibana_encryption_key={KEY}\r\nelastic=a=b=c#1\r\nkibana_system=pass word\r"
        );
        let credentials = Credentials::parse(&text).unwrap();
        assert_eq!(credentials.elastic.expose(), "a=b=c#1");
        assert_eq!(credentials.kibana_system.as_ref().map(Secret::expose), Some("pass word"));
        insta::assert_snapshot!(credentials.render().expose(), @r"
        elastic=a=b=c#1
        kibana_system=pass word
        kibana_encryption_key=0123456789abcdef0123456789abcdef
        ");
    }

    #[test]
    fn an_error_is_reported_with_its_line() {
        let whole = file("secret1", "secret2", KEY);
        insta::assert_snapshot!(refusal("hunter2\n"), @"line 1: expected `name=value`");
        insta::assert_snapshot!(refusal(" elastic=hunter2\n"), @"line 1: unknown name, the known ones are `elastic`, `kibana_system`, `kibana_encryption_key`, `kibana_token.` with a cluster and `user.` with the name of a user");
        insta::assert_snapshot!(refusal(&format!("{whole}elastic=hunter2\n")), @"line 4: `elastic` is given twice, first in line 1");
        insta::assert_snapshot!(refusal(&file("secret1", "", KEY)), @"line 2: `kibana_system` is empty");
        insta::assert_snapshot!(refusal(&file("secret1 ", "hunter2", KEY)), @"line 1: the value of `elastic` begins or ends with white space");
        insta::assert_snapshot!(refusal(&file("äöüäö", "hunter2", KEY)), @"line 1: `elastic` has fewer than 6 characters");
        insta::assert_snapshot!(refusal(&file("secret1", "hunter2", &KEY[1..])), @"line 3: `kibana_encryption_key` has fewer than 32 characters");
        insta::assert_snapshot!(refusal("elastic=hunter2\n\n# kibana_system=later\n"), @"`kibana_encryption_key` is missing");
        let token = format!("{whole}kibana_token.cluster01=hunter2\n");
        insta::assert_snapshot!(refusal(&token), @"line 4: the value of `kibana_token.cluster01` is not a token that mesh made");
        assert!(refusal("kibana_token.hunter2=hunter2\n").starts_with("line 1: unknown name"));
        insta::assert_snapshot!(refusal(""), @"`elastic` is missing");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn values_survive_the_file(elastic in "[!-~][ -~]{4,40}[!-~]", kibana_system in "\\PC{6,40}", key in "[!-~]{32,64}", anna in "[!-~]{6,40}") {
            prop_assume!(kibana_system.trim() == kibana_system);
            let credentials = Credentials {
                elastic: Secret::new(elastic),
                kibana_system: Some(Secret::new(kibana_system)),
                kibana_encryption_key: Secret::new(key),
                kibana_tokens: BTreeMap::new(),
                users: BTreeMap::from([("anna".parse().unwrap(), Secret::new(anna))]),
            };
            prop_assert_eq!(Credentials::parse(credentials.render().expose()), Ok(credentials));
        }

        #[test]
        fn no_text_makes_it_panic_or_give_a_value_away(text in "((elastic|kibana_system|kibana_token.cluster01|user.a|user.|x)?=?[ q\r\n\\PC]{0,9}\n?){0,6}") {
            if let Err(error) = Credentials::parse(&text) {
                prop_assert!(!error.to_string().contains('q'));
            }
        }
    }
}
