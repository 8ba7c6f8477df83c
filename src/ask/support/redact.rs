//! Texts without secrets: those that are known, in every form in which they are written, and what looks like one. Pure:
//! no I/O.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::mesh::secret::Secret;

const REMOVED: &str = "[removed]";
/// The names before whose users' passwords a client puts them, to log in.
const USERS: [&str; 2] = ["elastic", "kibana_system"];
/// What the name of a setting ends with whose value is a secret, in lower case and in the singular.
const SECRET_NAMES: [&str; 10] = [
    "password",
    "passphrase",
    "encryptionkey",
    "decryptiononlykey",
    "token",
    "secret",
    "secret_key",
    "api_key",
    "private_key",
    "credential",
];
/// Values that are none: what is known of a secret, and what goes on in the next line.
const NO_SECRETS: [&str; 8] = ["true", "false", "null", "None", "{", "[", "{}", "[]"];

/// What takes secrets out of texts.
#[derive(Debug)]
pub struct Redactor {
    /// Longest first, so that one that is part of another leaves nothing of that.
    known: Vec<Secret>,
}

impl Redactor {
    /// Knows these secrets, plain, as JSON has them, and as a client sends them.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut known: Vec<String> = Vec::new();
        for secret in secrets {
            let plain = secret.expose().trim().to_owned();
            let quoted = serde_json::to_string(&plain).expect("should be JSON: it is a text");
            known.extend(USERS.iter().map(|user| STANDARD.encode(format!("{user}:{plain}"))));
            known.push(STANDARD.encode(&plain));
            known.push(quoted.trim_matches('"').to_owned());
            // an API key is sent as one text that has its two parts
            let decoded = STANDARD.decode(&plain).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            known.extend(decoded.iter().filter_map(|pair| Some(pair.split_once(':')?.1.to_owned())));
            known.push(plain);
        }
        known.retain(|text| !text.is_empty());
        known.sort_by_key(|text| std::cmp::Reverse(text.len()));
        known.dedup();
        Self { known: known.into_iter().map(Secret::new).collect() }
    }

    /// A text without them, nor values of settings that have the name of a secret, logins in URLs, and private keys.
    pub fn redact(&self, text: &str) -> String {
        let known = self.known.iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose(), REMOVED));
        let mut within_key = false;
        let lines = known.split_inclusive('\n').filter_map(|line| {
            let (begins, ends) =
                (line.contains("PRIVATE KEY-----") && line.contains("-----BEGIN"), line.contains("-----END"));
            if begins && !ends {
                within_key = true;
                return Some(format!("{REMOVED}\n"));
            }
            if within_key {
                within_key = !ends;
                return None;
            }
            Some(if begins { format!("{REMOVED}\n") } else { setting(&options(&logins(line))) })
        });
        lines.collect::<Vec<_>>().concat()
    }
}

/// Whether a name is that of a secret.
fn is_secret(name: &str) -> bool {
    let name = name.trim_matches(['"', '\'']).to_lowercase();
    SECRET_NAMES.iter().any(|of| name.trim_end_matches('s').ends_with(of))
}

/// A line without users and passwords before the hosts of URLs.
fn logins(line: &str) -> String {
    let mut parts = line.split("://");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let authority = part.split(|c: char| c.is_whitespace() || "/?#\"'\\".contains(c)).next().unwrap_or_default();
        let login = authority.rfind('@').unwrap_or_default();
        kept += if login > 0 { "://[removed]" } else { "://" };
        kept += &part[login..];
    }
    kept
}

/// A line without the values of `NAME=VALUE`, as of Java's options and of the environment, where these are secrets.
fn options(line: &str) -> String {
    let mut parts = line.split('=');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let name = kept.rsplit(|c: char| !(c.is_alphanumeric() || "._-".contains(c))).next().unwrap_or_default();
        let end = part.find(|c: char| c.is_whitespace() || "\"'\\&,;".contains(c)).unwrap_or(part.len());
        let is_secret = end > 0 && is_secret(name);
        kept.push('=');
        kept += if is_secret { REMOVED } else { &part[..end] };
        kept += &part[end..];
    }
    kept
}

/// A line of a configuration file without its value, where its name is that of a secret.
fn setting(line: &str) -> String {
    let named = |name: &str| {
        let name = name.trim();
        let is_one_word = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "._-\"'".contains(c));
        is_one_word && is_secret(name)
    };
    let is_some = |value: &str| !value.is_empty() && !NO_SECRETS.contains(&value.trim_end_matches(','));
    match line.split_once(':') {
        Some((name, value)) if named(name) && is_some(value.trim()) => {
            let end = if line.ends_with('\n') { "\n" } else { "" };
            let comma = if value.trim_end().ends_with(',') { "," } else { "" };
            format!("{name}: \"{REMOVED}\"{comma}{end}")
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_taken_out_in_every_form() {
        let key = STANDARD.encode("id-of-a-key:the-key-itself");
        let redactor = Redactor::new(["of\"four-words", "of\"four-words-more", &key].map(Secret::new));
        for text in [
            "of\"four-words".to_owned(),
            "of\"four-words-more".to_owned(),
            r#"{"password": "of\"four-words"}"#.to_owned(),
            format!("Authorization: Basic {}", STANDARD.encode("elastic:of\"four-words")),
            format!("Authorization: ApiKey {key}"),
            "a log of the-key-itself, by mistake".to_owned(),
        ] {
            let redacted = redactor.redact(&text);
            assert!(redacted.contains(REMOVED), "{text} became {redacted}");
            for part in ["four", "the-key", &key, "-more", &STANDARD.encode("elastic:of")[..8]] {
                assert!(!redacted.contains(part), "{text} became {redacted}");
            }
        }
        assert!(!format!("{redactor:?}").contains("four"));
    }

    #[test]
    fn what_looks_like_a_secret_is_taken_out_and_nothing_else() {
        let redactor = Redactor::new([]);
        let text = r#"elasticsearch.username: kibana_system
elasticsearch.password: "unknown"
xpack.security.encryptionKey: abc
  "elasticsearch.serviceAccountToken": "AAEA",
the password: of what is this a line
xpack.http.ssl.key_passphrase: abc
xpack.actions.proxyUrl: http://ana:of@three@proxy:3128/?a=b@c
see https://example.org/a@b and http://proxy:3128
jvm_options: Some("-Xmx1g\n-Djavax.net.ssl.trustStorePassword=abc\n-Da=b"),
"ES_PASSWORD=abc", "PATH=/bin" and /?token=abc&x=y
  "api_key": {
    "passwords": true,
    "passphrase_words": 6,
"xpack.encryptedSavedObjects.keyRotation.decryptionOnlyKeys": ["abc"],
key: |
  -----BEGIN PRIVATE KEY-----
  MIGH
  -----END PRIVATE KEY-----
  -----BEGIN CERTIFICATE-----
  MIIB
  -----END CERTIFICATE-----
"#;
        insta::assert_snapshot!(redactor.redact(text), @r#"
        elasticsearch.username: kibana_system
        elasticsearch.password: "[removed]"
        xpack.security.encryptionKey: "[removed]"
          "elasticsearch.serviceAccountToken": "[removed]",
        the password: of what is this a line
        xpack.http.ssl.key_passphrase: "[removed]"
        xpack.actions.proxyUrl: http://[removed]@proxy:3128/?a=b@c
        see https://example.org/a@b and http://proxy:3128
        jvm_options: Some("-Xmx1g\n-Djavax.net.ssl.trustStorePassword=[removed]\n-Da=b"),
        "ES_PASSWORD=[removed]", "PATH=/bin" and /?token=[removed]&x=y
          "api_key": {
            "passwords": true,
            "passphrase_words": 6,
        "xpack.encryptedSavedObjects.keyRotation.decryptionOnlyKeys": "[removed]",
        key: |
        [removed]
          -----BEGIN CERTIFICATE-----
          MIIB
          -----END CERTIFICATE-----
        "#);
    }
}
