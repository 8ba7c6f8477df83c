//! Sample data: events of an invented shop with another branch in every cluster. Pure: no I/O.
//!
//! Cluster n has 1,000 + n of them. Everything but the time is the same in every run, so totals are known.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Batch, Ids, IndexName, Limits};
use crate::mesh::id::ClusterId;

/// The name by which ids are made; see [`Ids`].
const SOURCE: &str = "mesh-sample";
/// The days over which events are spread.
const DAYS: i64 = 30;

const SITES: [&str; 12] = [
    "amsterdam",
    "berlin",
    "cardiff",
    "dublin",
    "edinburgh",
    "florence",
    "geneva",
    "hamburg",
    "istanbul",
    "jena",
    "krakow",
    "lisbon",
];
const SERVICES: [&str; 4] = ["web", "search", "checkout", "login"];
/// Each with the paths that it serves.
const PATHS: [[&str; 3]; 4] = [
    ["/", "/products/17", "/products/42"],
    ["/search?q=kettle", "/search?q=lamp", "/suggest?q=la"],
    ["/cart", "/cart/items", "/orders"],
    ["/login", "/logout", "/account"],
];
const AGENTS: [&str; 3] = ["Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (iPhone)", "curl/8.14.1"];
/// Networks for documentation; see <https://www.rfc-editor.org/rfc/rfc5737>.
const NETWORKS: [&str; 3] = ["192.0.2", "198.51.100", "203.0.113"];

/// The index of the sample.
pub fn index() -> IndexName {
    "mesh-sample".parse().expect("should be a name of an index")
}

/// The types of its fields: none that needs a module of Elasticsearch.
pub fn mappings() -> Value {
    let keyword = json!({ "type": "keyword" });
    json!({ "properties": {
        "@timestamp": { "type": "date" },
        "cluster": keyword, "site": keyword, "host": keyword, "service": keyword, "level": keyword, "method": keyword,
        "path": keyword, "agent": keyword,
        "client_ip": { "type": "ip" },
        "status": { "type": "integer" }, "bytes": { "type": "long" }, "duration_ms": { "type": "integer" },
        "message": { "type": "text" },
    } })
}

/// How many events a cluster has.
pub fn count(cluster: ClusterId) -> u64 {
    1_000 + u64::from(cluster.number())
}

/// A cluster's events as requests, the newest at this time.
pub fn batches(cluster: ClusterId, newest: OffsetDateTime) -> Vec<Batch> {
    let (ids, mut batches, mut batch) = (Ids::of(SOURCE), Vec::new(), Batch::default());
    for nth in 1..=count(cluster) {
        let event = event(cluster, nth, newest).to_string();
        if !batch.has_room(event.len(), Limits::default()) {
            batches.push(std::mem::take(&mut batch));
        }
        // the time is not part of the id, so that a second run adds nothing
        batch.push(nth, &ids.id(nth, &[cluster.number()]), event.as_bytes());
    }
    batches.push(batch);
    batches
}

/// Numbers of a fixed sequence; see <https://prng.di.unimi.it/splitmix64.c>.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number below this.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        let at = self.below(of.len() as u64);
        of[usize::try_from(at).expect("should be below a length")]
    }
}

fn event(cluster: ClusterId, nth: u64, newest: OffsetDateTime) -> Value {
    let number = u64::from(cluster.number());
    let mut dice = Dice(number << 32 | nth);
    let site = SITES[(usize::from(cluster.number()) - 1) % SITES.len()];
    let at = usize::try_from(dice.below(4)).expect("should be below 4");
    let (service, path) = (SERVICES[at], dice.one_of(&PATHS[at]));
    let method = if path.starts_with("/cart/") || path == "/orders" || path == "/login" { "POST" } else { "GET" };
    let (status, level) = match dice.below(100) {
        0..=85 => (200, "INFO"),
        86..=90 => (304, "INFO"),
        91..=96 => (404, "WARN"),
        97..=98 => (500, "ERROR"),
        _ => (503, "ERROR"),
    };
    // most are fast, and few are slow
    let duration = 3 + dice.below(40) + if dice.below(20) == 0 { 200 + dice.below(1_800) } else { 0 };
    let bytes = if status == 304 { 0 } else { 180 + dice.below(24_000) };
    let (network, last) = (dice.one_of(&NETWORKS), 1 + dice.below(254));
    let client = format!("{network}.{last}");
    let host = format!("{service}-{:02}", 1 + dice.below(3));
    let spread = Duration::days(DAYS).whole_seconds() / i64::try_from(count(cluster)).expect("should be small");
    let back = spread * i64::try_from(nth - 1).expect("should be small");
    let back = back + i64::try_from(dice.below(u64::try_from(spread).unwrap_or(1))).expect("should be small");
    let time =
        (newest - Duration::seconds(back)).format(&Rfc3339).expect("should be a time with a year of four digits");
    json!({
        "@timestamp": time, "cluster": cluster.to_string(), "site": site, "host": host, "service": service, "level": level,
        "method": method, "path": path, "status": status, "bytes": bytes, "duration_ms": duration, "client_ip": client,
        "agent": dice.one_of(&AGENTS),
        "message": format!("{client} \"{method} {path} HTTP/1.1\" {status} {bytes} {duration}ms"),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use time::macros::datetime;

    use super::*;
    use crate::mesh::example::cluster;

    const NOW: OffsetDateTime = datetime!(2026-11-26 12:00 UTC);

    #[test]
    fn an_event_looks_like_one() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&event(cluster(3), 1, NOW)).unwrap(), @r#"
        {
          "@timestamp": "2026-11-26T11:18:33Z",
          "agent": "curl/8.14.1",
          "bytes": 1260,
          "client_ip": "192.0.2.235",
          "cluster": "cluster03",
          "duration_ms": 12,
          "host": "checkout-01",
          "level": "INFO",
          "message": "192.0.2.235 \"POST /orders HTTP/1.1\" 200 1260 12ms",
          "method": "POST",
          "path": "/orders",
          "service": "checkout",
          "site": "cardiff",
          "status": 200
        }
        "#);
    }

    #[test]
    fn totals_are_known() {
        let mut by: BTreeMap<String, u64> = BTreeMap::new();
        for nth in 1..=count(cluster(1)) {
            let event = event(cluster(1), nth, NOW);
            *by.entry(event["status"].to_string()).or_default() += 1;
            *by.entry(event["service"].to_string()).or_default() += 1;
        }
        insta::assert_snapshot!(format!("{by:?}"), @r#"{"\"checkout\"": 256, "\"login\"": 260, "\"search\"": 237, "\"web\"": 248, "200": 860, "304": 49, "404": 67, "500": 17, "503": 8}"#);
    }

    #[test]
    fn every_cluster_has_others_and_each_its_own_id() {
        let mut ids = std::collections::BTreeSet::new();
        for (number, count) in [(1, 1_001), (2, 1_002), (99, 1_099)] {
            let batches = batches(cluster(number), NOW);
            assert_eq!(batches.iter().map(Batch::len).sum::<usize>(), count);
            let later = super::batches(cluster(number), NOW + Duration::days(1));
            assert!(batches.iter().flat_map(Batch::ids).eq(later.iter().flat_map(Batch::ids)));
            ids.extend(batches.iter().flat_map(Batch::ids).map(str::to_owned));
        }
        assert_eq!(ids.len(), 1_001 + 1_002 + 1_099);
    }
}
