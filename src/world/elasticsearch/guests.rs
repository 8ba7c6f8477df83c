//! The cross-cluster API keys of guests. I/O: network.

use hyper::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Elasticsearch, HttpsError, read};
use crate::{
    facts::guests::GuestKeyFacts,
    mesh::{
        Mesh, certs,
        id::{ClusterId, METADATA},
        peers::{Draft, GuestKey},
    },
};

/// What the names of guests' keys begin with: those of the mesh itself begin with `mesh-`, and are revoked where no
/// file holds them.
const PREFIX: &str = "guest-";

impl Elasticsearch {
    /// The keys of guests that are not invalidated, expired ones too.
    pub async fn guest_keys(&self) -> Result<Vec<GuestKeyFacts>, HttpsError> {
        Ok(guest_keys(&self.get(&format!("/_security/api_key?name={PREFIX}*")).await?))
    }

    /// Makes a key for the guest of an invitation.
    pub async fn put_guest_key(
        &self,
        mesh: &Mesh,
        of: ClusterId,
        draft: &Draft,
        now: OffsetDateTime,
    ) -> Result<Option<GuestKey>, HttpsError> {
        let Some(guest) = mesh.guests.get(&draft.guest) else { return Ok(None) };
        let days = guest.days.get();
        let request = json!({
            "name": format!("{PREFIX}{}-{}-{of}", mesh.id, draft.guest),
            "expiration": format!("{days}d"),
            "access": { "search": [{ "names": guest.shares(mesh, of) }] },
            "metadata": {
                METADATA: mesh.id,
                "mesh.guest": draft.guest,
                "mesh.invitation": draft.id,
                "mesh.authorities": draft.authorities.get(&of).map(|pem| certs::fingerprints(pem)),
                "mesh.addresses": mesh.advertised(of),
            },
        });
        let body = self.send(Method::POST, "/_security/cross_cluster/api_key", &request).await?;
        let key = read::new_key(&body, now, days)?;
        Ok(Some(GuestKey { id: key.id, encoded: key.encoded, expires: key.expires }))
    }
}

/// Whatever mesh they say that they are of: a cluster is of one mesh, which has a new id where nothing was left to tell
/// the old one.
pub(super) fn guest_keys(body: &Value) -> Vec<GuestKeyFacts> {
    let facts = |key: &Value| {
        let (metadata, text) = (&key["metadata"], |value: &Value| value.as_str().map(str::to_owned));
        let texts = |value: &Value| read::items(value).iter().filter_map(text).collect::<Vec<_>>();
        Some(GuestKeyFacts {
            guest: metadata["mesh.guest"].as_str()?.parse().ok()?,
            id: text(&key["id"])?,
            invitation: text(&metadata["mesh.invitation"]).unwrap_or_default(),
            names: read::shared_names(key),
            created: read::time_of_millis(&key["creation"]),
            expires: read::time_of_millis(&key["expiration"]),
            authorities: metadata["mesh.authorities"]
                .is_array()
                .then(|| texts(&metadata["mesh.authorities"]).into_iter().collect()),
            addresses: texts(&metadata["mesh.addresses"]),
        })
    };
    read::items(&body["api_keys"]).iter().filter(|key| key["invalidated"] == false).filter_map(facts).collect()
}
