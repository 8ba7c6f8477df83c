//! What Elasticsearch's answers say, whatever they hold: a field that is missing or of another type counts as
//! missing. Pure: no I/O.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::{HttpsError, METADATA, NewKey, Reloaded};
use crate::{
    facts::{
        evidence::{CanaryFacts, KeyRecord},
        health::{Health, Watermark},
        observed::{KeyFacts, LicenseFacts, LinkFacts, Vitals},
    },
    mesh::{id::ClusterId, peers::Alias, secret::Secret},
};

pub fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

pub fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// A time in milliseconds since 1970, as Elasticsearch writes it: to the millisecond, or a key would seem to have
/// ended before it has.
pub fn time_of_millis(value: &Value) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(value.as_i64()?) * 1_000_000).ok()
}

/// The patterns that a cross-cluster API key lets others search, sorted.
pub fn shared_names(key: &Value) -> Vec<String> {
    let names = items(&key["access"]["search"]).iter().flat_map(|search| items(&search["names"]));
    let mut names: Vec<String> = names.filter_map(|name| name.as_str().map(str::to_owned)).collect();
    names.sort();
    names
}

pub fn license(body: &Value) -> LicenseFacts {
    let text = |field: &str| body["license"][field].as_str().unwrap_or_default().to_owned();
    LicenseFacts {
        kind: text("type"),
        active: text("status") == "active",
        uid: text("uid"),
        expires: time_of_millis(&body["license"]["expiry_date_in_millis"]),
    }
}

/// The keys that a mesh made and that are not invalidated.
pub fn keys(body: &Value) -> Vec<KeyFacts> {
    let ours = |key: &&Value| key["metadata"][METADATA].is_string() && key["invalidated"] == false;
    let facts = |key: &Value| KeyFacts {
        id: key["id"].as_str().unwrap_or_default().to_owned(),
        names: shared_names(key),
        expires: time_of_millis(&key["expiration"]),
    };
    items(&body["api_keys"]).iter().filter(ours).map(facts).collect()
}

/// The first key, whatever its type.
pub fn key(body: &Value) -> Option<KeyRecord> {
    let key = &body["api_keys"][0];
    let text = |field: &str| Some(key[field].as_str()?.to_owned());
    text("id").map(|id| KeyRecord {
        id,
        kind: text("type").unwrap_or_else(|| "rest".to_owned()),
        invalidated: key["invalidated"] == true,
        created: time_of_millis(&key["creation"]),
        expires: time_of_millis(&key["expiration"]),
        names: shared_names(key),
    })
}

/// A key that was made `now` for so many days.
pub fn new_key(body: &Value, now: OffsetDateTime, days: u16) -> Result<NewKey, HttpsError> {
    let field = |name: &str| {
        body[name].as_str().map(str::to_owned).ok_or_else(|| HttpsError::Unexpected {
            what: "the request for an API key".to_owned(),
            reason: format!("it has no `{name}`"),
        })
    };
    Ok(NewKey {
        id: field("id")?,
        encoded: Secret::new(field("encoded")?),
        expires: time_of_millis(&body["expiration"]).unwrap_or(now + Duration::days(days.into())),
    })
}

pub fn reloaded(body: &Value) -> Reloaded {
    let mut reloaded = Reloaded::default();
    for (_, node) in fields(&body["nodes"]) {
        reloaded.failures.extend(node["reload_exception"]["reason"].as_str().map(str::to_owned));
        if let Some(names) = node["secure_setting_names"].as_array() {
            let names = names.iter().filter_map(|name| name.as_str().map(str::to_owned));
            reloaded.names.get_or_insert_with(BTreeSet::new).extend(names);
        }
    }
    reloaded
}

/// Settings by their full names. The items of a list are separated by commas, as Elasticsearch takes one in a text.
pub fn settings(body: &Value) -> BTreeMap<String, String> {
    let item = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let text = |value: &Value| match value.as_array() {
        Some(items) => items.iter().map(item).collect::<Vec<_>>().join(","),
        None => item(value),
    };
    fields(&body["persistent"]).map(|(name, value)| (name.clone(), text(value))).collect()
}

/// Those that belong to remotes.
pub fn remotes(mut settings: BTreeMap<String, String>) -> BTreeMap<String, String> {
    settings.retain(|name, _| Alias::of_setting(name).is_some());
    settings
}

pub fn links(body: &Value) -> BTreeMap<Alias, LinkFacts> {
    let link = |facts: &Value| {
        if facts["connected"] == true {
            LinkFacts::Connected
        } else {
            LinkFacts::Down(facts["error"].as_str().unwrap_or("not connected").to_owned())
        }
    };
    fields(body).filter_map(|(alias, facts)| Some((alias.parse().ok()?, link(facts)))).collect()
}

/// For each remote, whether it is reached by API key.
pub fn by_key(body: &Value) -> BTreeMap<Alias, bool> {
    let by_key = |facts: &Value| facts.get("cluster_credentials").is_some();
    fields(body).filter_map(|(alias, facts)| Some((alias.parse().ok()?, by_key(facts)))).collect()
}

pub fn indices(body: &Value) -> Vec<String> {
    items(&body["indices"]).iter().filter_map(|index| Some(index["name"].as_str()?.to_owned())).collect()
}

/// The canary of `remote` in the answer to a search for those of all remotes in `index`.
pub fn canary(body: &Value, index: &str, remote: ClusterId) -> CanaryFacts {
    // the document names its cluster, so that a remote that leads elsewhere is not taken for this one
    let is_its = |hit: &&Value| {
        hit["_index"] == format!("{remote}:{index}") && hit["_source"]["canary_of"] == remote.to_string()
    };
    match items(&body["hits"]["hits"]).iter().find(is_its) {
        Some(_) => CanaryFacts::Found,
        None => CanaryFacts::Missing(why_missing(&body["_clusters"]["details"][remote.to_string()])),
    }
}

/// What Elasticsearch says of a remote that a search found nothing on.
fn why_missing(details: &Value) -> String {
    let status = details["status"].as_str().unwrap_or("not searched");
    match details["failures"][0]["reason"]["reason"].as_str() {
        Some(reason) => format!("{status}: {reason}"),
        None => status.to_owned(),
    }
}

/// From an answer about the server and one about its nodes; then one about the indices that are not hidden, one about
/// all, and one with the attributes of each; see <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-resolve-index>.
pub fn vitals(health: Health, [server, nodes]: [&Value; 2], [open, whole, names]: [&Value; 3]) -> Vitals {
    let indices = &open["_all"]["primaries"];
    let is_own = |index: &&Value| items(&index["attributes"]).iter().any(|attribute| attribute == "system");
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let each = || fields(&nodes["nodes"]).map(|(_, node)| (&node["jvm"]["mem"], &node["fs"]["total"]));
    let heaps = each().map(|(heap, _)| (number(&heap["heap_used_in_bytes"]), number(&heap["heap_max_in_bytes"])));
    let disks = each().map(|(_, disk)| (number(&disk["available_in_bytes"]), number(&disk["total_in_bytes"])));
    let (heap_used, heap_max) = heaps.max_by_key(|(used, most)| share(*used, *most)).unwrap_or_default();
    let fullness = |(free, all): &(u64, u64)| (Watermark::passed(*free, *all), share(all.saturating_sub(*free), *all));
    let (disk_free, disk_total) = disks.max_by_key(fullness).unwrap_or_default();
    Vitals {
        health,
        version: server["version"]["number"].as_str().unwrap_or_default().to_owned(),
        documents: number(&indices["docs"]["count"]),
        store: number(&indices["store"]["size_in_bytes"]),
        indices: items(&names["indices"]).iter().filter(|index| !is_own(index)).count(),
        whole_store: number(&whole["_all"]["primaries"]["store"]["size_in_bytes"]),
        heap_used,
        heap_max,
        disk_free,
        disk_total,
        snapshots: None,
    }
}

/// A share in millionths, to compare it with others.
fn share(part: u64, whole: u64) -> u128 {
    (u128::from(part) * 1_000_000).checked_div(whole.into()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{facts::health::Color, world::https::Answer};

    #[test]
    fn a_missing_document_is_explained_in_the_servers_words() {
        let details = json!({
            "status": "skipped",
            "failures": [{ "shard": -1, "reason": { "type": "security_exception", "reason": "unauthorized" } }],
        });
        assert_eq!(why_missing(&details), "skipped: unauthorized");
        assert_eq!(why_missing(&json!({ "status": "successful" })), "successful");
        assert_eq!(why_missing(&Value::Null), "not searched");
    }

    /// Names that the readers look for, and others.
    fn name() -> impl Strategy<Value = String> {
        let known = [
            "license",
            "status",
            "uid",
            "type",
            "expiry_date_in_millis",
            "api_keys",
            "metadata",
            "mesh.id",
            "invalidated",
            "id",
            "access",
            "search",
            "names",
            "expiration",
            "encoded",
            "nodes",
            "reload_exception",
            "reason",
            "secure_setting_names",
            "persistent",
            "cluster.remote.cluster02.mode",
            "cluster.remote.",
            "cluster01",
            "cluster02",
            "connected",
            "error",
            "cluster_credentials",
            "indices",
            "name",
            "hits",
            "_index",
            "_source",
            "cluster",
            "_clusters",
            "details",
            "failures",
            "_all",
            "primaries",
            "docs",
            "count",
            "store",
            "jvm",
            "mem",
            "fs",
            "version",
            "number",
            "root_cause",
            "error_message",
        ];
        prop_oneof![8 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
    }

    fn answer() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            Just(json!("hunter2")),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 32, 4, |inner| {
            prop_oneof![
                1 => proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                3 => proptest::collection::btree_map(name(), inner, 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn no_answer_makes_the_readers_panic(body in answer(), status: u16) {
            let _ = (license(&body), keys(&body), key(&body), reloaded(&body), remotes(settings(&body)), links(&body), by_key(&body));
            let _ = (super::super::guests::guest_keys(&body), indices(&body), canary(&body, "mesh-canary", ClusterId::FIRST));
            let _ = vitals(Health::of(Color::Red), [&body; 2], [&body, &body, &body]);
            if let Err(error) = new_key(&body, OffsetDateTime::UNIX_EPOCH, 3650) {
                prop_assert!(!error.to_string().contains("hunter2"));
            }
            let answer = Answer { status, body, certificate: Vec::new() };
            let _ = (answer.succeeded(), answer.reason(), answer.accepted("`GET /`").is_ok());
        }
    }
}
