//! What Elastic's load tester Rally needs to race over a mesh: its clusters, how to log in, and a track. Pure: no I/O.
//!
//! See <https://esrally.readthedocs.io/en/stable/adding_tracks.html> and
//! <https://esrally.readthedocs.io/en/stable/advanced.html>.

use std::{collections::BTreeMap, ops::Range, path::Path};

use serde_json::{Map, Value, json};

use super::Exported;
use crate::{
    ask::bench::data::{self, INDEX},
    mesh::{Mesh, cluster_set::ClusterSet, id::ClusterId, secret::Secret, shell_word::shell_word},
};

/// The name that Rally has for the cluster that a task asks unless it names another.
const DEFAULT: &str = "default";
const HOSTS: &str = "target-hosts.json";
const OPTIONS: &str = "client-options.json";
const AUTHORITIES: &str = "ca.crt";
const TRACK: &str = "track.json";
const RUNNERS: (&str, &str) = ("track.py", include_str!("../../../templates/rally/track.py"));

/// A race over clusters of a mesh.
pub struct Race<'a> {
    pub mesh: &'a Mesh,
    /// The cluster that searches.
    pub from: ClusterId,
    /// The clusters that are searched, itself first, if it is one of them.
    pub asked: &'a [ClusterId],
    /// In each of them.
    pub documents: u64,
    /// Where the files will be.
    pub dir: &'a Path,
}

impl Race<'_> {
    /// The clusters that Rally talks to, by the names that it has for them.
    fn clusters(&self) -> BTreeMap<String, ClusterId> {
        let others = self.asked.iter().filter(|cluster| **cluster != self.from);
        let others = others.map(|cluster| (cluster.to_string(), *cluster));
        std::iter::once((DEFAULT.to_owned(), self.from)).chain(others).collect()
    }

    /// The files but the documents, which are many.
    pub fn files(&self, password: &Secret, authorities: &[u8]) -> Vec<Exported> {
        vec![
            Exported::new(HOSTS, pretty(&self.hosts())),
            Exported { is_private: true, ..Exported::new(OPTIONS, pretty(&self.options(password))) },
            Exported::new(AUTHORITIES, authorities),
            Exported::new(TRACK, pretty(&self.track())),
            Exported::new(RUNNERS.0, RUNNERS.1),
        ]
    }

    /// The documents of a cluster, one a line.
    pub fn corpus(&self, of: ClusterId) -> Exported {
        Exported::new(corpus(of), documents(of, 0..self.documents))
    }

    /// Every name that an export writes, or Rally beside it.
    pub fn is_own(name: &str) -> bool {
        let of_cluster = name.strip_suffix(".ndjson").is_some_and(|name| name.parse::<ClusterId>().is_ok());
        of_cluster || [HOSTS, OPTIONS, AUTHORITIES, TRACK, RUNNERS.0, "__pycache__"].contains(&name)
    }

    fn hosts(&self) -> Value {
        let nodes = |of: &ClusterId| {
            let urls = self.mesh.node_urls(*of).into_iter();
            urls.map(|url| url.strip_prefix("https://").unwrap_or(&url).to_owned()).collect::<Vec<_>>()
        };
        self.clusters().iter().map(|(name, of)| (name.clone(), json!(nodes(of)))).collect::<Map<_, _>>().into()
    }

    fn options(&self, password: &Secret) -> Value {
        let options = json!({
            "use_ssl": true,
            "verify_certs": true,
            "ca_certs": self.dir.join(AUTHORITIES),
            "basic_auth_user": "elastic",
            "basic_auth_password": password.expose(),
            "timeout": 60,
        });
        self.clusters().into_keys().map(|name| (name, options.clone())).collect::<Map<_, _>>().into()
    }

    /// Numbers that are in braces can be set on Rally's command line with `--track-params`.
    fn track(&self) -> Value {
        let corpora: BTreeMap<String, String> = self
            .clusters()
            .into_iter()
            .filter(|(_, of)| self.asked.contains(of))
            .map(|(name, of)| (name, corpus(of)))
            .collect();
        let runner = |kind: &str| {
            let operation = json!({
                "name": kind,
                "operation-type": format!("mesh-{kind}"),
                "index": INDEX,
                "corpora": corpora,
                "body": data::index(self.mesh),
            });
            json!({ "operation": operation, "clients": 1 })
        };
        let all = ClusterSet::new(self.asked.iter().copied()).unwrap_or_else(|| self.from.into());
        let mut schedule = vec![runner("remove"), runner("prepare"), runner("load")];
        if self.asked.contains(&self.from) {
            schedule.extend(self.searches("alone", &self.from.into(), &json!({})));
        }
        for (name, minimize) in [("mesh", "true"), ("mesh-roundtrips", "false")] {
            schedule.extend(self.searches(name, &all, &json!({ "ccs_minimize_roundtrips": minimize })));
        }
        schedule.push(json!({ "name": "clean-up", "operation": runner("remove")["operation"], "clients": 1 }));
        json!({
            "version": 2,
            "description": format!("Searches of {} over {}", self.from, all.named()),
            "schedule": schedule,
        })
    }

    /// The searches of `mesh bench`, as tasks; each asserts that it found what every cluster has.
    fn searches(&self, name: &str, on: &ClusterSet, params: &Value) -> Vec<Value> {
        let path = data::path(self.from, on);
        let index = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let count = on.iter().count() as u64;
        let kinds = ["count", "hits", "sums"].into_iter().zip(data::searches(self.documents));
        let task = |(kind, search): (&str, data::Search)| {
            json!({
                "operation": {
                    "name": format!("{name}-{kind}"),
                    "operation-type": "search",
                    "index": index,
                    "body": search.body,
                    "cache": false,
                    "request-params": params,
                    "detailed-results": true,
                    "assertions": [{ "property": "hits", "condition": "==", "value": search.finds * count }],
                },
                "clients": "{{ clients | default(4) }}",
                "target-throughput": "{{ throughput | default(20) }}",
                "warmup-time-period": "{{ warm_up | default(5) }}",
                "time-period": "{{ seconds | default(10) }}",
            })
        };
        kinds.map(task).collect()
    }
}

fn corpus(of: ClusterId) -> String {
    format!("{of}.ndjson")
}

fn documents(of: ClusterId, numbers: Range<u64>) -> Vec<u8> {
    numbers.flat_map(|number| format!("{}\n", data::document(of, number)).into_bytes()).collect()
}

/// JSON in which numbers that can be set stand without quotes: a track is a template before it is JSON.
fn pretty(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).expect("should be JSON: keys are texts");
    text.replace("\"{{ ", "{{ ").replace(" }}\"", " }}") + "\n"
}

/// The command that races, for a shell.
pub fn command(dir: &Path) -> String {
    let option = |name: &str, file: &str| format!("--{name}={}", shell_word(dir.join(file)));
    [
        "esrally race --pipeline=benchmark-only --offline --enable-assertions --on-error=abort".to_owned(),
        format!("--track-path={}", shell_word(dir)),
        option("target-hosts", HOSTS),
        option("client-options", OPTIONS),
    ]
    .join(" \\\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::example::cluster;

    fn files(from: u8, asked: &[u8]) -> BTreeMap<String, String> {
        let mesh = Mesh::example(3).with_nodes(2, 3);
        let asked: Vec<ClusterId> = asked.iter().map(|number| cluster(*number)).collect();
        let race = Race { mesh: &mesh, from: cluster(from), asked: &asked, documents: 20, dir: Path::new("/srv/race") };
        let files = race.files(&Secret::new("three words long"), b"PEM");
        assert!(files.iter().all(|file| Race::is_own(&file.name) && file.is_private == (file.name == OPTIONS)));
        files.into_iter().map(|file| (file.name, String::from_utf8(file.text).unwrap())).collect()
    }

    #[test]
    fn rally_knows_the_cluster_that_searches_as_the_default() {
        let files = files(1, &[1, 2]);
        insta::assert_snapshot!(files[HOSTS], @r#"
        {
          "cluster02": [
            "localhost:9202",
            "localhost:10202",
            "localhost:11202"
          ],
          "default": [
            "localhost:9201"
          ]
        }
        "#);
        let options: Value = serde_json::from_str(&files[OPTIONS]).unwrap();
        assert_eq!(
            (&options["cluster02"], &options["default"]["ca_certs"]),
            (&options["default"], &json!("/srv/race/ca.crt"))
        );
        assert!(!files.iter().any(|(name, text)| name != OPTIONS && text.contains("three words long")));
    }

    #[test]
    fn a_track_searches_one_cluster_and_all_and_counts_what_it_finds() {
        let track = files(1, &[1, 2])[TRACK].replace("{{ ", "\"").replace(" }}", "\"");
        let track: Value = serde_json::from_str(&track).unwrap();
        let line = |task: &Value| {
            let operation = &task["operation"];
            format!("{} {} {}", operation["name"], operation["index"], operation["assertions"][0]["value"])
        };
        let tasks: Vec<String> = track["schedule"].as_array().unwrap().iter().map(line).collect();
        insta::assert_snapshot!(tasks.join("\n"), @r#"
        "remove" "mesh-bench" null
        "prepare" "mesh-bench" null
        "load" "mesh-bench" null
        "alone-count" "mesh-bench" 20
        "alone-hits" "mesh-bench" 2
        "alone-sums" "mesh-bench" 20
        "mesh-count" "mesh-bench,cluster02:mesh-bench" 40
        "mesh-hits" "mesh-bench,cluster02:mesh-bench" 4
        "mesh-sums" "mesh-bench,cluster02:mesh-bench" 40
        "mesh-roundtrips-count" "mesh-bench,cluster02:mesh-bench" 40
        "mesh-roundtrips-hits" "mesh-bench,cluster02:mesh-bench" 4
        "mesh-roundtrips-sums" "mesh-bench,cluster02:mesh-bench" 40
        "remove" "mesh-bench" null
        "#);
        let elsewhere = files(1, &[2])[TRACK].clone();
        assert!(!elsewhere.contains("alone-") && elsewhere.contains("\"cluster02:mesh-bench\""), "{elsewhere}");
        assert!(!elsewhere.contains("cluster01.ndjson"), "it is not searched");
    }

    #[test]
    fn only_what_an_export_writes_is_its_own() {
        assert!(Race::is_own("cluster07.ndjson") && !Race::is_own("mesh.json") && !Race::is_own("notes.ndjson"));
        insta::assert_snapshot!(command(Path::new("/srv/the race")), @r"
        esrally race --pipeline=benchmark-only --offline --enable-assertions --on-error=abort \
          --track-path='/srv/the race' \
          --target-hosts='/srv/the race/target-hosts.json' \
          --client-options='/srv/the race/client-options.json'
        ");
        assert_eq!(documents(cluster(1), 0..3).split(|byte| *byte == b'\n').count(), 4);
    }
}
