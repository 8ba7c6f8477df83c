//! What each Kibana of a mesh logs in with, and so what `credentials.txt` is to hold. Pure: no I/O, and randomness is
//! an argument.
//!
//! A cluster that is to come to a token by newer defaults has one before its turn, so that its servers know the token
//! before its Kibana presents it.

use std::collections::BTreeSet;

use minijinja::context;
use rand::CryptoRng;

use super::{
    Mesh, credentials::Credentials, defaults::KibanaLogin, id::ClusterId, passphrase::passphrase, secret::Secret,
    service_token::ServiceToken,
};

impl Mesh {
    /// Whether Kibana logs in to this cluster with a token now; without a Kibana, whether it would.
    pub fn logs_in_by_token(&self, cluster: ClusterId) -> bool {
        self.revision(cluster).defaults().kibana_login == KibanaLogin::Token
    }

    /// What Kibana logs in to this cluster with now; `None` where that has yet to be made.
    pub(super) fn login<'a>(&self, cluster: ClusterId, credentials: &'a Credentials) -> Option<&'a Secret> {
        match self.revision(cluster).defaults().kibana_login {
            KibanaLogin::Password => credentials.kibana_system.as_ref(),
            KibanaLogin::Token => credentials.kibana_tokens.get(&cluster).map(ServiceToken::text),
        }
    }

    /// What a template has of it, under a name of its own, so that a template with the other one is refused.
    pub(super) fn login_variable(&self, cluster: ClusterId, credentials: &Credentials) -> minijinja::Value {
        let secret = self.login(cluster, credentials).map(Secret::expose);
        if self.logs_in_by_token(cluster) {
            context! { token => secret }
        } else {
            context! { password => secret }
        }
    }

    /// Whether the servers of this cluster are to know a token: its Kibana logs in with one, or is going to.
    pub fn has_token(&self, cluster: ClusterId) -> bool {
        let last = self.revision(cluster).max(self.defaults);
        self.has(cluster.kibana()) && last.defaults().kibana_login == KibanaLogin::Token
    }

    /// Whether a Kibana logs in with the password of `kibana_system`, or would.
    pub fn has_kibana_password(&self) -> bool {
        self.clusters().any(|cluster| !self.logs_in_by_token(cluster))
    }

    /// Whether these credentials hold what Kibanas log in with, and nothing that none logs in with any more.
    pub fn completes(&self, credentials: &Credentials) -> bool {
        let wanted: BTreeSet<ClusterId> = self.clusters().filter(|cluster| self.has_token(*cluster)).collect();
        credentials.kibana_tokens.keys().copied().eq(wanted)
            && credentials.kibana_system.is_some() == self.has_kibana_password()
    }

    /// These credentials with all that Kibanas log in with, new where it is missing, and nothing else.
    #[must_use]
    pub fn complete(&self, mut credentials: Credentials, rng: &mut impl CryptoRng) -> Credentials {
        credentials.kibana_tokens.retain(|cluster, _| self.has_token(*cluster));
        for cluster in self.clusters().filter(|cluster| self.has_token(*cluster)) {
            credentials.kibana_tokens.entry(cluster).or_insert_with(|| ServiceToken::first(rng));
        }
        let password = credentials.kibana_system.take().filter(|_| self.has_kibana_password());
        let words = self.spec.passphrase_words.get();
        credentials.kibana_system = password.or_else(|| self.has_kibana_password().then(|| passphrase(words, rng)));
        credentials
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;
    use crate::mesh::{defaults::Revision, example::cluster, id::ServiceId};

    /// The tokens of a file, and whether it has the password.
    fn held(credentials: &Credentials) -> (Vec<u8>, bool) {
        (credentials.kibana_tokens.keys().map(|of| of.number()).collect(), credentials.kibana_system.is_some())
    }

    #[test]
    fn a_mesh_keeps_its_password_until_the_last_cluster_has_a_token() {
        let rng = &mut StdRng::seed_from_u64(1);
        let old = Mesh::example(2);
        let first = old.complete(Credentials::generate(6, rng), rng);
        assert_eq!(held(&first), (vec![], true));
        assert!(old.completes(&first));

        let begun = old.clone().with_defaults(Revision::NEWEST, Some(&old));
        assert!(!begun.completes(&first));
        let both = begun.complete(first.clone(), rng);
        assert_eq!(held(&both), (vec![1, 2], true));
        assert_eq!(both.kibana_system, first.kibana_system);
        let half = begun.with_defaults_on(ClusterId::FIRST);
        assert!(half.completes(&both), "the second cluster still has the password");
        assert_eq!([1, 2].map(|of| half.logs_in_by_token(cluster(of))), [true, false]);

        let new = old.clone().with_defaults(Revision::NEWEST, None);
        assert!(!new.completes(&both));
        let last = new.complete(both.clone(), rng);
        assert_eq!(held(&last), (vec![1, 2], false));
        assert_eq!(last.kibana_tokens, both.kibana_tokens);
    }

    /// Kibana takes a token or a user, and not both.
    #[test]
    fn a_token_takes_the_place_of_user_and_password_and_of_nothing_else() {
        let rng = &mut StdRng::seed_from_u64(3);
        let (old, new) = (Mesh::example(3), Mesh::example(3).with_defaults(Revision::NEWEST, None));
        let [old, new] = [old, new].map(|mesh| {
            let credentials = mesh.complete(Credentials::generate(6, rng), rng);
            mesh.parsed_settings(ClusterId::FIRST.kibana(), &credentials)
                .unwrap()
                .without("xpack.security.encryptionKey")
        });
        let changes = old.changes(&new).into_iter().filter(|change| !change.contains("ncryptionKey"));
        insta::assert_snapshot!(changes.collect::<Vec<_>>().join("\n"), @r#"
        setting elasticsearch.password is removed
        setting elasticsearch.serviceAccountToken is added
        setting elasticsearch.username "kibana_system" → none
        "#);
    }

    #[test]
    fn a_container_is_made_from_the_token_and_from_no_password() {
        let mesh = Mesh::example(2).with_defaults(Revision::NEWEST, None);
        let rng = &mut StdRng::seed_from_u64(4);
        let generated = Credentials::generate(6, rng);
        let before = mesh.complete(generated.clone(), rng);
        let mut after = before.clone();
        after.kibana_system = Some(passphrase(6, rng));
        after.kibana_tokens.insert(ClusterId::FIRST, ServiceToken::another(rng));
        let of = |service, credentials: &Credentials| mesh.made_from(service, credentials).unwrap();
        let is_changed = |service: &ServiceId| of(*service, &before) != of(*service, &after);
        assert_eq!(mesh.services().filter(is_changed).collect::<Vec<_>>(), [ClusterId::FIRST.kibana()]);
        let kibana = ClusterId::FIRST.kibana();
        assert_eq!(of(kibana, &before).differences(&of(kibana, &after)), ["other secrets"]);
        assert_ne!(of(kibana, &generated), of(kibana, &before), "one without its token yet");
    }

    #[test]
    fn each_kibana_has_a_token_of_its_own_for_as_long_as_it_is_there() {
        let rng = &mut StdRng::seed_from_u64(2);
        let mesh = |set: &str| Mesh::example(1).with_clusters(set).with_defaults(Revision::NEWEST, None);
        let three = mesh("1-3").complete(Credentials::generate(6, rng), rng);
        assert_eq!(held(&three), (vec![1, 2, 3], false));
        let tokens: BTreeSet<&str> = three.kibana_tokens.values().map(|token| token.text().expose()).collect();
        assert_eq!(tokens.len(), 3);
        assert!(!mesh("2-4").completes(&three));
        let moved = mesh("2-4").complete(three.clone(), rng);
        assert_eq!(held(&moved), (vec![2, 3, 4], false));
        assert_eq!(moved.kibana_tokens[&cluster(2)], three.kibana_tokens[&cluster(2)]);
        assert_eq!(held(&mesh("3").without_kibana().complete(three, rng)), (vec![], false));
    }
}
