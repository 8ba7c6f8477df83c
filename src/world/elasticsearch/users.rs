//! Users and roles of the native realm. I/O: network; no decisions. See
//! <https://www.elastic.co/docs/api/doc/elasticsearch/group/endpoint-security>.

use std::collections::BTreeSet;

use hyper::Method;
use serde_json::{Value, json};

use super::{
    Elasticsearch, HttpsError,
    read::{fields, items},
};
use crate::{
    ask::request::segment,
    facts::users::UserFacts,
    mesh::{id::METADATA, secret::Secret, service_token::ServiceToken, users::normal},
    world::https::Login,
};

/// The user as which Kibana logs in with a password.
pub const KIBANA_SYSTEM: &str = "kibana_system";

impl Elasticsearch {
    /// Whether a server knows the service token, which it may have read since.
    pub async fn knows_token(&self, token: &ServiceToken) -> Result<bool, HttpsError> {
        let login = Login { token: Some(token.text()), ..self.login() };
        let answer = self.ask_as(&login, Method::GET, "/_security/_authenticate", None).await?;
        Ok(answer.succeeded())
    }

    /// Lets a user log in, or no longer: one that Elasticsearch has by itself cannot be removed.
    pub async fn enable_user(&self, name: &str, enabled: bool) -> Result<(), HttpsError> {
        let path = format!("/_security/user/{}/{}", segment(name), if enabled { "_enable" } else { "_disable" });
        // it takes no body
        self.ask(Method::PUT, &path, None).await?.accepted(&format!("`PUT {path}`")).map(drop)
    }

    /// Who may do what, besides what Elasticsearch has by itself.
    pub async fn user_facts(&self) -> Result<UserFacts, HttpsError> {
        let (roles, users) = (self.get("/_security/role").await?, self.get("/_security/user").await?);
        Ok(user_facts(&roles, &users))
    }

    /// A role as the server has it, if it has one of that name.
    pub async fn role(&self, name: &str) -> Result<Option<Value>, HttpsError> {
        self.one("role", name).await
    }

    pub async fn put_role(&self, name: &str, body: &Value) -> Result<(), HttpsError> {
        self.send(Method::PUT, &format!("/_security/role/{}", segment(name)), body).await.map(drop)
    }

    pub async fn remove_role(&self, name: &str) -> Result<(), HttpsError> {
        self.remove(&format!("/_security/role/{}", segment(name))).await
    }

    /// A user as the server has it, if it has one of that name.
    pub async fn user(&self, name: &str) -> Result<Option<Value>, HttpsError> {
        self.one("user", name).await
    }

    /// Makes a user, or changes one that there is: without a password, that stays.
    pub async fn put_user(&self, name: &str, body: &Value, password: Option<&Secret>) -> Result<(), HttpsError> {
        let mut body = body.clone();
        if let Some(password) = password {
            body["password"] = json!(password.expose());
        }
        self.send(Method::PUT, &format!("/_security/user/{}", segment(name)), &body).await.map(drop)
    }

    pub async fn remove_user(&self, name: &str) -> Result<(), HttpsError> {
        self.remove(&format!("/_security/user/{}", segment(name))).await
    }

    async fn one(&self, kind: &str, name: &str) -> Result<Option<Value>, HttpsError> {
        let path = format!("/_security/{kind}/{}", segment(name));
        let answer = self.ask(Method::GET, &path, None).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        Ok(answer.accepted(&format!("`GET {path}`"))?.get(name).cloned())
    }
}

/// Those with a mesh's id in their metadata, and the names of others; Elasticsearch's own are neither.
pub(super) fn user_facts(roles: &Value, users: &Value) -> UserFacts {
    let kibana_system_disabled = users[KIBANA_SYSTEM]["enabled"] == false;
    let mut facts = UserFacts { kibana_system_disabled, ..UserFacts::default() };
    for (name, role) in fields(roles).filter(|(_, role)| is_made(role)) {
        if is_own(role) {
            facts.roles.insert(name.clone(), normal(role));
        } else {
            facts.other_roles.insert(name.clone());
        }
    }
    for (name, user) in fields(users).filter(|(_, user)| is_made(user)) {
        if is_own(user) {
            let roles = items(&user["roles"]).iter().filter_map(|role| role.as_str().map(str::to_owned));
            facts.users.insert(name.clone(), roles.collect::<BTreeSet<_>>());
        } else {
            facts.other_users.insert(name.clone());
        }
    }
    facts
}

/// Whether it is not one that Elasticsearch has by itself.
fn is_made(one: &Value) -> bool {
    one["metadata"]["_reserved"] != true
}

fn is_own(one: &Value) -> bool {
    one["metadata"][METADATA].is_string()
}
