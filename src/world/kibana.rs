//! Kibana's status and its data views. I/O: network; no decisions. See
//! <https://www.elastic.co/docs/api/doc/kibana/group/endpoint-data-views>.

use std::collections::BTreeMap;

use hyper::{
    Method,
    header::{HeaderName, HeaderValue},
};
use serde_json::{Value, json};

use super::{
    access::Access,
    https::{Connections, Https, HttpsError, Login},
};
use crate::{
    facts::observed::{Answer, KibanaFacts, ViewFacts},
    mesh::{Mesh, data_views::DataView, digest::digest_of, id::ClusterId, secret::Secret},
};

/// Kibana asks for it with whatever changes something, so that no page of another site can.
const XSRF: (HeaderName, HeaderValue) = (HeaderName::from_static("kbn-xsrf"), HeaderValue::from_static("mesh"));
/// The field of time that Discover filters by.
const TIME: &str = "@timestamp";

/// One cluster's Kibana, asked as `elastic` for whatever is not open to all.
#[derive(Debug, Clone)]
pub struct Kibana {
    https: Https,
    /// What every path begins with.
    base: String,
    password: Secret,
}

impl Kibana {
    pub fn new(mesh: &Mesh, cluster: ClusterId, Access { authorities, password }: Access) -> Result<Self, HttpsError> {
        let https = Https::of(mesh, cluster.kibana(), &authorities)?.with_header(XSRF);
        Ok(Self { https, base: format!("/{cluster}/api"), password })
    }

    /// This Kibana, asked over connections that stay open.
    #[must_use]
    pub fn over(self, connections: Option<&Connections>) -> Self {
        Self { https: self.https.over(connections), ..self }
    }

    /// What Kibana says of itself: it answers 503 until it reached Elasticsearch. See
    /// <https://www.elastic.co/docs/api/doc/kibana/operation/operation-get-status>.
    pub async fn status(&self) -> Result<Answer<KibanaFacts>, HttpsError> {
        let answer = self.https.ask(None, Method::GET, &format!("{}/status", self.base), None).await?;
        Ok(if answer.succeeded() {
            Answer::Ready(KibanaFacts { certificate: digest_of(&[&answer.certificate]), views: None })
        } else {
            Answer::NotReady(format!("status {}", answer.status))
        })
    }

    /// Every data view, by its id.
    pub async fn data_views(&self) -> Result<BTreeMap<String, ViewFacts>, HttpsError> {
        Ok(data_views(&self.send(Method::GET, "/data_views", None).await?))
    }

    /// Makes a view that is not there. Kibana could be asked to override one of the same name: it would delete that
    /// one, with all that refers to it.
    pub async fn create_view(&self, view: &DataView) -> Result<(), HttpsError> {
        let DataView { id, name, title } = view;
        let body = json!({
            "data_view": { "id": id, "name": name, "title": title, "timeFieldName": TIME, "allowNoIndex": true },
            "override": false,
        });
        self.send(Method::POST, "/data_views/data_view", Some(&body)).await.map(drop)
    }

    pub async fn update_view(&self, view: &DataView) -> Result<(), HttpsError> {
        let body = json!({ "data_view": { "name": view.name, "title": view.title }, "refresh_fields": true });
        self.send(Method::POST, &format!("/data_views/data_view/{}", view.id), Some(&body)).await.map(drop)
    }

    /// Has Kibana open with a view, where it opens with none yet.
    pub async fn prefer_view(&self, id: &str) -> Result<(), HttpsError> {
        let body = json!({ "data_view_id": id, "force": false });
        self.send(Method::POST, "/data_views/default", Some(&body)).await.map(drop)
    }

    /// One that is not there need not be removed.
    pub async fn remove_view(&self, id: &str) -> Result<(), HttpsError> {
        match self.send(Method::DELETE, &format!("/data_views/data_view/{id}"), None).await {
            Err(HttpsError::Refused { status: 404, .. }) => Ok(()),
            answer => answer.map(drop),
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, HttpsError> {
        let (what, path) = (format!("`{method} /api{path}` of Kibana"), format!("{}{path}", self.base));
        let login = Login { user: "elastic", password: &self.password, key: None, token: None, run_as: None };
        self.https.ask(Some(&login), method, &path, body).await?.accepted(&what)
    }
}

/// A view without a name is called by its pattern.
pub(super) fn data_views(body: &Value) -> BTreeMap<String, ViewFacts> {
    let view = |view: &Value| {
        let text = |field: &str| view[field].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let (id, title) = (text("id")?, text("title")?);
        Some((id, ViewFacts { name: text("name").unwrap_or_else(|| title.clone()), title }))
    };
    body["data_view"].as_array().into_iter().flatten().filter_map(view).collect()
}
