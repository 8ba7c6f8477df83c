//! The REST calls to Elasticsearch that a mesh needs, typed. I/O: network; no decisions.

mod links;
mod vitals;

use std::{collections::BTreeSet, time::Duration as Time};

use reqwest::Method;
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

use super::https::{Answer, Https, HttpsError, Login, RawAnswer};
use crate::{
    ask::request::Body,
    mesh::{Mesh, id::ClusterId, secret::Secret, spec::StackVersion},
    plan::observed::{KeyFacts, LicenceFacts},
};

/// One cluster's REST API, asked as `elastic`.
#[derive(Debug, Clone)]
pub struct Elasticsearch {
    https: Https,
    password: Secret,
    version: StackVersion,
}

/// A new cross-cluster API key; its value is told only this once.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub id: String,
    /// What other clusters present.
    pub encoded: Secret,
    pub expires: OffsetDateTime,
}

/// What a server said when it read its keystore again.
#[derive(Debug, Clone, Default)]
pub struct Reloaded {
    /// Exceptions, one a node that failed.
    pub failures: Vec<String>,
    /// The names of the settings it now has; `None` before 9.3, which does not tell.
    pub names: Option<BTreeSet<String>>,
}

impl Elasticsearch {
    /// The password is checked by the server, not here.
    pub fn new(mesh: &Mesh, cluster: ClusterId, authority: &str, password: &Secret) -> Result<Self, HttpsError> {
        let https = Https::new(mesh.client_address(), cluster.elastic().https_port(), authority)?;
        Ok(Self { https, password: password.clone(), version: mesh.version(cluster) })
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, HttpsError> {
        self.https.ask(Some(&Login { user: "elastic", password: &self.password }), method, path, body).await
    }

    async fn get(&self, path: &str) -> Result<Value, HttpsError> {
        self.ask(Method::GET, path, None).await?.accepted(&format!("`GET {path}`"))
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value, HttpsError> {
        let what = format!("`{method} {path}`");
        self.ask(method, path, Some(body)).await?.accepted(&what)
    }

    /// `Ok(None)` when every primary shard is assigned; otherwise what is missing, in words. An index with a replica is
    /// yellow for ever on a single node, so yellow is healthy.
    pub async fn health(&self) -> Result<Option<String>, HttpsError> {
        let answer = self.ask(Method::GET, "/_cluster/health", None).await?;
        if !answer.succeeded() {
            return Ok(Some(format!("status {}: {}", answer.status, answer.reason())));
        }
        Ok(match answer.body["status"].as_str() {
            Some("green" | "yellow") => None,
            status => Some(format!("health is {}", status.unwrap_or("unknown"))),
        })
    }

    /// `None` for a moment after the start, when the licence is not yet known; see
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-license-get>.
    pub async fn licence(&self) -> Result<Option<LicenceFacts>, HttpsError> {
        let answer = self.ask(Method::GET, "/_license", None).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let body = answer.accepted("`GET /_license`")?;
        let text = |field: &str| body["license"][field].as_str().unwrap_or_default().to_owned();
        Ok(Some(LicenceFacts {
            kind: text("type"),
            active: text("status") == "active",
            uid: text("uid"),
            expires: moment(&body["license"]["expiry_date_in_millis"]),
        }))
    }

    /// Puts a licence in force; `Err` says why the server does not take it.
    pub async fn put_licence(&self, licence: &Value) -> Result<(), HttpsError> {
        let body = self.send(Method::PUT, "/_license?acknowledge=true", licence).await?;
        match body["license_status"].as_str() {
            Some("valid") => Ok(()),
            status => Err(HttpsError::Unexpected {
                what: "`PUT /_license`".to_owned(),
                reason: format!("the licence is {}", status.unwrap_or("not judged")),
            }),
        }
    }

    /// A trial can be started once in a major version's life of a cluster.
    pub async fn start_trial(&self) -> Result<(), HttpsError> {
        self.ask(Method::POST, "/_license/start_trial?acknowledge=true", None)
            .await?
            .accepted("starting a trial licence")
            .map(|_| ())
    }

    pub async fn set_password(&self, user: &str, password: &Secret) -> Result<(), HttpsError> {
        let path = format!("/_security/user/{user}/_password");
        self.send(Method::POST, &path, &json!({ "password": password.expose() })).await.map(|_| ())
    }

    /// Whether `user` can log in with `password`.
    pub async fn accepts(&self, user: &str, password: &Secret) -> Result<bool, HttpsError> {
        let login = Login { user, password };
        let answer = self.https.ask(Some(&login), Method::GET, "/_security/_authenticate", None).await?;
        Ok(answer.succeeded())
    }

    /// The cross-cluster API keys of this mesh that are not invalidated, expired ones too.
    pub async fn keys(&self, mesh: &Mesh) -> Result<Vec<KeyFacts>, HttpsError> {
        let body = self.get("/_security/api_key?name=mesh-*").await?;
        let ours = |key: &&Value| key["metadata"]["mesh.id"] == mesh.id.as_str() && key["invalidated"] == false;
        let keys = body["api_keys"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(keys
            .iter()
            .filter(ours)
            .map(|key| KeyFacts {
                id: key["id"].as_str().unwrap_or_default().to_owned(),
                names: shared_names(key),
                expires: moment(&key["expiration"]),
            })
            .collect())
    }

    /// Makes a key that lets other clusters search the mesh's shared indices on this one.
    pub async fn put_key(&self, mesh: &Mesh, cluster: ClusterId, now: OffsetDateTime) -> Result<NewKey, HttpsError> {
        let days = mesh.spec.key_days.get();
        let request = json!({
            "name": format!("mesh-{}-{cluster}", mesh.id),
            "expiration": format!("{days}d"),
            "access": { "search": [{ "names": mesh.shared() }] },
            "metadata": { "mesh.id": mesh.id },
        });
        let body = self.send(Method::POST, "/_security/cross_cluster/api_key", &request).await?;
        let field = |name: &str| {
            body[name].as_str().map(str::to_owned).ok_or_else(|| HttpsError::Unexpected {
                what: "the request for an API key".to_owned(),
                reason: format!("it has no `{name}`"),
            })
        };
        let told = moment(&body["expiration"]);
        Ok(NewKey {
            id: field("id")?,
            encoded: Secret::new(field("encoded")?),
            expires: told.unwrap_or(now + Duration::days(days.into())),
        })
    }

    /// Changes which indices a key lets others search; its value stays.
    pub async fn update_key(&self, mesh: &Mesh, id: &str) -> Result<(), HttpsError> {
        let request = json!({ "access": { "search": [{ "names": mesh.shared() }] } });
        self.send(Method::PUT, &format!("/_security/cross_cluster/api_key/{id}"), &request).await.map(|_| ())
    }

    pub async fn revoke_keys(&self, ids: &[String]) -> Result<(), HttpsError> {
        self.send(Method::DELETE, "/_security/api_key", &json!({ "ids": ids })).await.map(|_| ())
    }

    /// Has the server read its keystore again, and build its connections anew where credentials changed.
    pub async fn reload(&self) -> Result<Reloaded, HttpsError> {
        let body = self.send(Method::POST, "/_nodes/reload_secure_settings", &json!({})).await?;
        let empty = Map::new();
        let mut reloaded = Reloaded::default();
        for node in body["nodes"].as_object().unwrap_or(&empty).values() {
            if let Some(reason) = node["reload_exception"]["reason"].as_str() {
                reloaded.failures.push(reason.to_owned());
            }
            if let Some(names) = node["secure_setting_names"].as_array() {
                reloaded
                    .names
                    .get_or_insert_default()
                    .extend(names.iter().filter_map(|name| name.as_str().map(str::to_owned)));
            }
        }
        Ok(reloaded)
    }

    /// What Elasticsearch answers to a request of the user's, which may take as long as they care to wait.
    pub async fn pass_on(&self, method: Method, path: &str, body: Option<Body>) -> Result<RawAnswer, HttpsError> {
        let login = Login { user: "elastic", password: &self.password };
        self.https.ask_raw(Some(&login), method, path, body, Time::from_hours(24)).await
    }

    /// Searches the indices of an expression. One that is missing here may be elsewhere, so it is no error; see
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-search>.
    pub async fn search(&self, expression: &str, body: &Value) -> Result<Value, HttpsError> {
        self.send(Method::POST, &format!("/{expression}/_search?ignore_unavailable=true"), body).await
    }
}

/// A time in milliseconds since 1970, as Elasticsearch writes it.
fn moment(value: &Value) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(value.as_i64()? / 1000).ok()
}

/// The patterns that a cross-cluster API key lets others search, sorted.
fn shared_names(key: &Value) -> Vec<String> {
    let searches = key["access"]["search"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut names: Vec<String> = searches
        .iter()
        .flat_map(|search| search["names"].as_array().map(Vec::as_slice).unwrap_or_default())
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    names.sort();
    names
}
