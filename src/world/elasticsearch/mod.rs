//! The REST calls to Elasticsearch that a mesh needs, typed. I/O: network; no decisions.

mod allocation;
mod bench;
mod bulk;
mod elsewhere;
mod guests;
mod health;
mod latency;
mod links;
mod nodes;
mod read;
mod reader_key;
mod repository;
mod restores;
mod search;
mod snapshots;
mod users;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use hyper::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;

use self::elsewhere::lacks_cluster;
pub use self::{
    read::remotes as remotes_among, reader_key::ReaderKey, restores::Wanted, snapshots::Progress, users::KIBANA_SYSTEM,
};
use super::{
    access::Access,
    https::{Answer, Connections, Https, HttpsError, Login},
};
use crate::{
    ask::request::segment,
    facts::observed::{KeyFacts, LicenseFacts},
    mesh::{
        Mesh,
        digest::digest_of,
        id::{ClusterId, METADATA, NodeId},
        links::Key,
        secret::Secret,
        settings::StackVersion,
        users::UserName,
    },
};

/// One cluster's REST API, asked as `elastic` unless another user is named, through a node that answers.
#[derive(Debug, Clone)]
pub struct Elasticsearch {
    /// The nodes that can be asked, never none.
    nodes: Vec<Https>,
    /// Which of them answered last.
    answered: Arc<AtomicUsize>,
    user: &'static str,
    password: Secret,
    /// The API key that is presented in place of the password.
    key: Option<Secret>,
    /// The user that requests are carried out as, if that is another.
    run_as: Option<String>,
    version: StackVersion,
}

/// A new cross-cluster API key; its value is shown only this once.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub id: String,
    /// What other clusters present.
    pub encoded: Secret,
    pub expires: OffsetDateTime,
}

/// What a server that can be asked says first.
#[derive(Debug, Clone)]
pub struct Greeting {
    pub license: LicenseFacts,
    /// The cross-cluster API keys of this mesh that are not invalidated, expired ones too. They are in the security
    /// index, so one that tells them can read it.
    pub keys: Vec<KeyFacts>,
    /// The fingerprint of the certificate that it showed when the connection began.
    pub certificate: String,
}

/// The answer of a server that read its keystore again.
#[derive(Debug, Clone, Default)]
pub struct Reloaded {
    /// Exceptions, one a node that failed.
    pub failures: Vec<String>,
    /// The names of the settings it now has; `None` before 9.3, which does not tell.
    pub names: Option<BTreeSet<String>>,
}

impl Elasticsearch {
    pub fn new(mesh: &Mesh, cluster: ClusterId, Access { authorities, password }: Access) -> Result<Self, HttpsError> {
        let nodes: Result<Vec<Https>, HttpsError> =
            mesh.nodes(cluster).map(|node| Https::of(mesh, node.into(), &authorities)).collect();
        let nodes = nodes?;
        if nodes.is_empty() {
            return Err(HttpsError::NoService(cluster.first_node()));
        }
        Ok(Self::through(nodes, password, mesh.version(cluster)))
    }

    /// One node's REST API, and no other's.
    pub fn on(mesh: &Mesh, node: NodeId, Access { authorities, password }: Access) -> Result<Self, HttpsError> {
        let nodes = vec![Https::of(mesh, node.into(), &authorities)?];
        Ok(Self::through(nodes, password, mesh.version(node.cluster)))
    }

    fn through(nodes: Vec<Https>, password: Secret, version: StackVersion) -> Self {
        Self { nodes, answered: Arc::default(), user: "elastic", password, key: None, run_as: None, version }
    }

    /// This server, with requests that are carried out as another user, whose password is not needed.
    #[must_use]
    pub fn running_as(self, user: &UserName) -> Self {
        Self { run_as: Some(user.to_string()), ..self }
    }

    /// This server, asked as another user.
    #[must_use]
    pub fn asked_as(self, user: &'static str, password: &Secret) -> Self {
        Self { user, password: password.clone(), ..self }
    }

    /// This server, asked by an API key.
    #[must_use]
    pub fn asked_by_key(self, key: &Secret) -> Self {
        Self { key: Some(key.clone()), ..self }
    }

    /// This server, asked over connections that stay open.
    #[must_use]
    pub fn over(self, connections: Option<&Connections>) -> Self {
        Self { nodes: self.nodes.into_iter().map(|node| node.over(connections)).collect(), ..self }
    }

    fn login(&self) -> Login<'_> {
        let (key, run_as) = (self.key.as_ref(), self.run_as.as_deref());
        Login { user: self.user, password: &self.password, key, token: None, run_as }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, HttpsError> {
        self.ask_as(&self.login(), method, path, body).await
    }

    /// Has the node at this place among those of its cluster asked first.
    pub fn begin_at(&self, place: usize) {
        self.answered.store(place % self.nodes.len(), Ordering::Relaxed);
    }

    /// Asks the node that answered last, and the next ones where none is there, or one is in no cluster yet: what never
    /// arrived, or was not done, can be sent again.
    async fn ask_as(
        &self,
        login: &Login<'_>,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, HttpsError> {
        let first = self.answered.load(Ordering::Relaxed);
        let mut last = None;
        for turn in 0..self.nodes.len() {
            let at = (first + turn) % self.nodes.len();
            match self.nodes[at].ask(Some(login), method.clone(), path, body).await {
                Err(error) if error.never_arrived() => last = last.or(Some(Err(error))),
                Ok(answer) if lacks_cluster(&method, answer.status, &answer.body) => last = Some(Ok(answer)),
                answer => {
                    self.answered.store(at, Ordering::Relaxed);
                    return answer;
                }
            }
        }
        last.expect("should have asked a node: there is one")
    }

    async fn get(&self, path: &str) -> Result<Value, HttpsError> {
        self.ask(Method::GET, path, None).await?.accepted(&format!("`GET {path}`"))
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value, HttpsError> {
        let what = format!("`{method} {path}`");
        self.ask(method, path, Some(body)).await?.accepted(&what)
    }

    /// Whether the server can be asked, which is another question than its health: one whose license has ended answers
    /// 403 to that, and one with a red index does everything else. The license is not known for a moment after the
    /// start; see <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-license-get>.
    pub async fn greet(&self) -> Result<Greeting, HttpsError> {
        let answer = self.ask(Method::GET, "/_license", None).await?;
        let certificate = digest_of(&[&answer.certificate]);
        let license = read::license(&answer.accepted("`GET /_license`")?);
        let keys = self.keys().await?;
        Ok(Greeting { license, keys, certificate })
    }

    /// The license, of a server that has one already.
    pub async fn license(&self) -> Result<LicenseFacts, HttpsError> {
        Ok(read::license(&self.get("/_license").await?))
    }

    /// The fingerprint of the certificate that the server shows, whatever else it answers.
    pub async fn certificate(&self) -> Result<String, HttpsError> {
        Ok(digest_of(&[&self.ask(Method::GET, "/_license", None).await?.certificate]))
    }

    /// Puts a license in force; `Err` says why the server does not take it.
    pub async fn put_license(&self, license: &Value) -> Result<(), HttpsError> {
        let body = self.send(Method::PUT, "/_license?acknowledge=true", license).await?;
        match body["license_status"].as_str() {
            Some("valid") => Ok(()),
            status => Err(HttpsError::Unexpected {
                what: "`PUT /_license`".to_owned(),
                reason: format!("the license is {}", status.unwrap_or("not judged")),
            }),
        }
    }

    /// A trial can be started once in a major version's life of a cluster.
    pub async fn start_trial(&self) -> Result<(), HttpsError> {
        self.ask(Method::POST, "/_license/start_trial?acknowledge=true", None)
            .await?
            .accepted("starting a trial license")
            .map(|_| ())
    }

    pub async fn set_password(&self, user: &str, password: &Secret) -> Result<(), HttpsError> {
        let path = format!("/_security/user/{user}/_password");
        self.send(Method::POST, &path, &json!({ "password": password.expose() })).await.map(|_| ())
    }

    /// Whether `user` can log in with `password`.
    pub async fn accepts(&self, user: &str, password: &Secret) -> Result<bool, HttpsError> {
        let login = Login { user, password, key: None, token: None, run_as: None };
        let answer = self.ask_as(&login, Method::GET, "/_security/_authenticate", None).await?;
        Ok(answer.succeeded())
    }

    /// The cross-cluster API keys of this mesh that are not invalidated, expired ones too. Whatever id they carry: a
    /// cluster is of one mesh, which has a new id where nothing was left to tell the old one.
    pub async fn keys(&self) -> Result<Vec<KeyFacts>, HttpsError> {
        Ok(read::keys(&self.get("/_security/api_key?name=mesh-*").await?))
    }

    /// Makes a key that lets other clusters search the mesh's shared indices on this one.
    pub async fn put_key(&self, mesh: &Mesh, key: Key, now: OffsetDateTime) -> Result<NewKey, HttpsError> {
        let days = mesh.spec.key_days.get();
        let searcher = key.searcher.map(|searcher| format!("-for-{searcher}")).unwrap_or_default();
        let name = format!("mesh-{}-{}{searcher}", mesh.id, key.of);
        let request = json!({
            "name": name,
            "expiration": format!("{days}d"),
            "access": { "search": [{ "names": mesh.shared_by(key) }] },
            "metadata": { METADATA: mesh.id },
        });
        let body = self.send(Method::POST, "/_security/cross_cluster/api_key", &request).await?;
        read::new_key(&body, now, days)
    }

    /// Changes which indices a key lets others search; its value stays.
    pub async fn update_key(&self, mesh: &Mesh, key: Key, id: &str) -> Result<(), HttpsError> {
        let request = json!({ "access": { "search": [{ "names": mesh.shared_by(key) }] } });
        self.send(Method::PUT, &format!("/_security/cross_cluster/api_key/{}", segment(id)), &request).await.map(|_| ())
    }

    /// Changes which indices a key lets others search, and extends its life to that of a new one. Elasticsearch 9.5.3
    /// refuses a request that has nothing but a time of expiry; see
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-security-update-cross-cluster-api-key>.
    pub async fn extend_key(&self, mesh: &Mesh, key: Key, id: &str) -> Result<(), HttpsError> {
        let request = json!({
            "expiration": format!("{}d", mesh.spec.key_days.get()),
            "access": { "search": [{ "names": mesh.shared_by(key) }] },
        });
        self.send(Method::PUT, &format!("/_security/cross_cluster/api_key/{}", segment(id)), &request).await.map(|_| ())
    }

    pub async fn revoke_keys(&self, ids: &[String]) -> Result<(), HttpsError> {
        self.send(Method::DELETE, "/_security/api_key", &json!({ "ids": ids })).await.map(|_| ())
    }

    /// Has the server read its keystore again, and build its connections anew where credentials changed.
    pub async fn reload(&self) -> Result<Reloaded, HttpsError> {
        let body = self.send(Method::POST, "/_nodes/reload_secure_settings", &json!({})).await?;
        Ok(read::reloaded(&body))
    }
}
