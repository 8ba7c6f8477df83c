//! Passwords of a lost `credentials.txt`, recovered from the other files that hold them; and the user by whom a
//! password is reset that no file holds. Pure: no I/O, and randomness is an argument.

use std::{collections::BTreeMap, num::NonZeroU32};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use rand::CryptoRng;
use ring::pbkdf2;

use super::{
    credentials::Credentials,
    id::ClusterId,
    keystore::{BOOTSTRAP_PASSWORD, Keystore},
    secret::Secret,
    service_token::ServiceToken,
    users::RECOVERY_USER,
};

/// What other files hold of a lost `credentials.txt`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    elastic: Vec<Secret>,
    kibana_system: Vec<Secret>,
    kibana_encryption_key: Vec<Secret>,
    kibana_tokens: BTreeMap<ClusterId, ServiceToken>,
}

/// The value that all files hold. Containers may write these files: one of them alone must not choose the password of
/// every cluster.
fn agreed(values: &[Secret]) -> Option<Secret> {
    let (first, rest) = values.split_first()?;
    rest.iter().all(|other| other == first).then(|| first.clone())
}

impl Found {
    /// Adds what a keystore holds: the password that the server was started with.
    pub fn in_keystore(&mut self, keystore: &Keystore) {
        self.elastic.extend(keystore.entries().get(BOOTSTRAP_PASSWORD).cloned());
    }

    /// Adds what the `kibana.yml` of a cluster holds.
    pub fn in_settings(&mut self, of: ClusterId, settings: &Secret) {
        let Ok(settings) = serde_yaml::from_str::<serde_json::Value>(settings.expose()) else { return };
        let text = |name: &str| settings.get(name)?.as_str().map(Secret::new);
        self.kibana_system.extend(text("elasticsearch.password"));
        self.kibana_encryption_key.extend(text("xpack.encryptedSavedObjects.encryptionKey"));
        let token = text("elasticsearch.serviceAccountToken");
        self.kibana_tokens.extend(token.and_then(|token| Some((of, ServiceToken::parse(token.expose())?))));
    }

    /// Whether the files hold different encryption keys. A password can be reset; what was encrypted with a lost key
    /// cannot be read again.
    pub fn keys_differ(&self) -> bool {
        !self.kibana_encryption_key.is_empty() && agreed(&self.kibana_encryption_key).is_none()
    }

    /// Whole credentials: what was found, where all files agree and `credentials.txt` can hold it, and `new` for the
    /// rest. Nothing is taken over that `new` does not have.
    #[must_use]
    pub fn or(&self, new: Credentials) -> Credentials {
        let mut all = new;
        for (found, place) in [
            (&self.elastic, (|all| Some(&mut all.elastic)) as fn(&mut Credentials) -> Option<&mut Secret>),
            (&self.kibana_system, |all| all.kibana_system.as_mut()),
            (&self.kibana_encryption_key, |all| Some(&mut all.kibana_encryption_key)),
        ] {
            let mut with = all.clone();
            let (Some(found), Some(place)) = (agreed(found), place(&mut with)) else { continue };
            *place = found;
            if Credentials::parse(with.render().expose()).as_ref() == Ok(&with) {
                all = with;
            }
        }
        for (cluster, token) in &mut all.kibana_tokens {
            if let Some(found) = self.kibana_tokens.get(cluster) {
                token.clone_from(found);
            }
        }
        all
    }
}

const ROLE: &str = "superuser";
/// `PBKDF2_DEFAULT_COST` and its neighbours in Elasticsearch's `Hasher.java`.
const ROUNDS: NonZeroU32 = NonZeroU32::new(10_000).expect("should not be zero");

/// A password as the file realm keeps it, `{PBKDF2}rounds$salt$hash`: the hash says by itself how it was made. See
/// <https://www.elastic.co/docs/deploy-manage/users-roles/cluster-or-deployment-auth/file-based>.
pub fn hash(password: &Secret, rng: &mut impl CryptoRng) -> String {
    let (mut salt, mut hash) = ([0; 32], [0; 32]);
    rng.fill_bytes(&mut salt);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA512, ROUNDS, &salt, password.expose().as_bytes(), &mut hash);
    format!("{{PBKDF2}}{ROUNDS}${}${}", BASE64.encode(salt), BASE64.encode(hash))
}

/// Whether a `users` or `users_roles` of the file realm has [`RECOVERY_USER`].
pub fn has_user(text: &str) -> bool {
    text.lines().any(is_its)
}

fn is_its(line: &str) -> bool {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    name.trim() == RECOVERY_USER || (name.trim() == ROLE && value.trim() == RECOVERY_USER)
}

/// The text of the users' file without [`RECOVERY_USER`]; every other line stays as it is.
pub fn without_user(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !is_its(line)).collect()
}

/// The file `users` with [`RECOVERY_USER`] and its hash.
pub fn with_user(text: &str, hash: &str) -> String {
    appended(&without_user(text), &format!("{RECOVERY_USER}:{hash}"))
}

/// The file `users_roles` with the role that may set passwords.
pub fn with_role(text: &str) -> String {
    appended(&without_user(text), &format!("{ROLE}:{RECOVERY_USER}"))
}

fn appended(text: &str, line: &str) -> String {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{end}{line}\n")
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;
    use crate::mesh::{Mesh, defaults::Revision, render::Formation};

    fn credentials(mesh: &Mesh, seed: u64) -> Credentials {
        let rng = &mut StdRng::seed_from_u64(seed);
        mesh.complete(Credentials::generate(6, rng), rng)
    }

    #[test]
    fn every_password_is_recovered_from_the_files_that_hold_it() {
        let old = Mesh::example(2);
        for mesh in [old.clone().with_defaults(Revision::NEWEST, None), old] {
            let (lost, new) = (credentials(&mesh, 1), credentials(&mesh, 2));
            let mut keystore = Keystore::new();
            keystore.put(BOOTSTRAP_PASSWORD, lost.elastic.clone());
            let mut found = Found::default();
            found.in_keystore(&Keystore::new());
            found.in_settings(ClusterId::FIRST, &Secret::new("- not\n- ours"));
            assert_eq!(found.or(new.clone()), new);
            found.in_keystore(&keystore);
            for of in mesh.clusters() {
                let settings = mesh.render_settings(of.kibana(), &lost, Formation::Founded).unwrap();
                found.in_settings(of, &settings);
            }
            found.in_keystore(&keystore);
            assert_eq!(found.or(new.clone()), lost);
            keystore.put(BOOTSTRAP_PASSWORD, Secret::new("of-one-container"));
            found.in_keystore(&keystore);
            assert_eq!(found.or(new.clone()).elastic, new.elastic);
        }
    }

    #[test]
    fn what_the_file_cannot_hold_is_not_taken() {
        let new = credentials(&Mesh::example(1), 2);
        let found = Found { elastic: vec![Secret::new("two\nlines")], ..Found::default() };
        assert_eq!(found.or(new.clone()), new);
        let short = Found { kibana_encryption_key: vec![Secret::new("short")], ..Found::default() };
        assert_eq!(short.or(new.clone()), new);
    }

    #[test]
    fn the_user_comes_and_goes_and_leaves_every_other_line() {
        let (users, roles) = ("admin:{bcrypt}x", "superuser:admin\nviewer:a,b\n");
        assert!(!has_user(users) && !has_user(roles));
        insta::assert_snapshot!(with_user(users, "h"), @r"
        admin:{bcrypt}x
        mesh-recovery:h
        ");
        insta::assert_snapshot!(with_role(roles), @r"
        superuser:admin
        viewer:a,b
        superuser:mesh-recovery
        ");
        assert_eq!(with_role(&with_role(roles)), with_role(roles));
        assert!(has_user(&with_user(users, "h")) && has_user(&with_role("")));
        assert_eq!(without_user(&with_role(roles)), roles);
        assert_eq!(without_user(&with_user(users, "h")), "admin:{bcrypt}x\n");
    }

    #[test]
    fn a_hash_tells_its_making_and_not_the_password() {
        let hash = hash(&Secret::new("hunter2"), &mut StdRng::seed_from_u64(3));
        let parts: Vec<&str> = hash.split('$').collect();
        assert_eq!((parts[0], parts[1].len(), parts[2].len()), ("{PBKDF2}10000", 44, 44));
        // `Hasher.verifyHash` of Elasticsearch 9.5.3 and 8.19.21 took this one for this password
        insta::assert_snapshot!(hash, @"{PBKDF2}10000$7NnEpT6hXxhEewj7lqE8WrfcfSQGexAvy6r3s5ylLm0=$AKQKn3Z3NhjPKpNEYVO4LDofIVjBwXmpoo/j9F2X7tk=");
    }
}
