//! The judge before whom one thing at a time is wrong.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use time::macros::datetime;

use super::*;
use crate::{
    facts::evidence::CanaryRefusal,
    facts::observed::{
        AllocationFacts, Answer, ContainerFacts, ContainerState, LicenseFacts, LinkFacts, NetworkFacts, ServerFacts,
    },
    facts::snapshots::PolicyFacts,
    mesh::{
        example::cluster,
        id::{ClusterId, NodeNumber},
        network,
    },
};

pub(super) const NOW: OffsetDateTime = datetime!(2026-01-31 12:00 UTC);

fn link() -> Link {
    Link { from: cluster(1), to: cluster(2) }
}

/// The path of the first link.
fn path() -> (NodeId, NodeId) {
    (cluster(1).node(NodeNumber::FIRST), cluster(2).node(NodeNumber::FIRST))
}

/// What holds the key of the first link, and whose it is.
fn held() -> (NodeId, ClusterId) {
    (path().0, cluster(2))
}

/// Two clusters of which nothing is wrong.
pub(super) fn whole() -> (Mesh, Observed, Evidence) {
    let mesh = Mesh::example(2);
    let mut there = Observed {
        network: Some(NetworkFacts { id: network::NAME.to_owned(), subnet: mesh.subnet.to_string() }),
        ..Observed::default()
    };
    let mut evidence = Evidence::default();
    for from in mesh.clusters() {
        let network = Some(network::NAME.to_owned());
        let container = ContainerFacts { network, ..ContainerFacts::in_state(ContainerState::Running) };
        there.containers.insert(from.first_node(), container);
        let server = ServerFacts {
            users: crate::facts::users::UserFacts::default(),
            passwords: true,
            kibana_token: false,
            license: LicenseFacts { kind: "trial".to_owned(), active: true, uid: String::new(), expires: None },
            keys: Vec::new(),
            remotes: mesh.remote_settings(from),
            certificate: String::new(),
            links: mesh.remotes(from).map(|to| (to.into(), LinkFacts::Connected)).collect(),
            allocation: AllocationFacts::default(),
            repository: None,
            snapshot_policy: PolicyFacts::Unsupported,
            vitals: None,
        };
        there.servers.insert(from, Answer::Ready(server));
        for to in mesh.remotes(from) {
            let (link, first) = (Link { from, to }, |cluster: ClusterId| cluster.node(NodeNumber::FIRST));
            let address = mesh.place(to.first_node()).unwrap().address.to_string();
            evidence.paths.insert((first(from), first(to)), PathFacts::Reached { address });
            evidence.by_key.insert((first(from), to), true);
            evidence.canaries.insert(link, CanaryFacts::Found);
            evidence.presented.insert((first(from), to), Presented::Known(key()));
        }
    }
    (mesh, there, evidence)
}

pub(super) fn key() -> KeyRecord {
    KeyRecord {
        id: "id".to_owned(),
        kind: "cross_cluster".to_owned(),
        invalidated: false,
        created: None,
        expires: Some(datetime!(2027-01-31 12:00 UTC)),
        names: vec!["local-data-set".to_owned(), "mesh*".to_owned()],
    }
}

type Harm = fn(&mut Observed, &mut Evidence);

/// The codes of all causes found after the harm is done, as `from→to code`.
fn codes(harm: Harm) -> String {
    let (mesh, mut there, mut evidence) = whole();
    harm(&mut there, &mut evidence);
    let found = judge(&mesh, Scope::Mesh, &there, &evidence, NOW);
    let down = found.iter().filter(|judgment| judgment.state() != LinkState::Up);
    let line = |judgment: &Judgment| {
        let Link { from, to } = judgment.link;
        let code = judgment.fault().map_or("untried", |fault| fault.cause.code());
        format!("{}→{} {code}", from.number(), to.number())
    };
    down.map(line).collect::<Vec<_>>().join(", ")
}

fn present(evidence: &mut Evidence, change: impl FnOnce(&mut KeyRecord)) {
    let mut key = key();
    change(&mut key);
    evidence.presented.insert(held(), Presented::Known(key));
}

#[test]
fn no_cause_is_reported_for_a_link_that_is_up() {
    assert_eq!(codes(|_, _| ()), "");
}

#[test]
fn each_harm_has_its_own_cause() {
    let harms: [(&str, Harm); 22] = [
        ("1→2 container-not-running, 2→1 container-not-running", |there, _| {
            there.containers.remove(&cluster(2).first_node());
        }),
        ("1→2 container-not-in-network, 2→1 container-not-in-network", |there, _| {
            there.containers.get_mut(&cluster(2).first_node()).unwrap().network = None;
        }),
        ("1→2 server-silent, 2→1 server-silent", |there, _| drop(there.servers.remove(&cluster(2)))),
        ("1→2 name-unknown", |_, evidence| drop(evidence.paths.insert(path(), PathFacts::NameUnknown))),
        ("1→2 name-other-address", |_, evidence| {
            evidence.paths.insert(path(), PathFacts::Reached { address: "10.213.0.240".to_owned() });
        }),
        ("1→2 port-closed", |_, evidence| {
            drop(evidence.paths.insert(path(), PathFacts::Closed("refused".to_owned())));
        }),
        ("1→2 port-rejected", |_, evidence| {
            drop(evidence.paths.insert(path(), PathFacts::Rejected("No route to host".to_owned())));
        }),
        ("1→2 port-rejected", |_, evidence| {
            drop(evidence.paths.insert(path(), PathFacts::Closed("refused".to_owned())));
            evidence.listening.insert(path().1);
        }),
        ("1→2 port-silent", |_, evidence| drop(evidence.paths.insert(path(), PathFacts::TimedOut))),
        ("1→2 certificate-not-yet-valid", |_, evidence| {
            evidence.paths.insert(path(), PathFacts::Distrusted("certificate is not yet valid".to_owned()));
        }),
        ("1→2 certificate-expired", |_, evidence| {
            evidence.paths.insert(path(), PathFacts::Distrusted("certificate has expired".to_owned()));
        }),
        ("1→2 certificate-name", |_, evidence| {
            let words = "no alternative certificate subject name matches target host name";
            evidence.paths.insert(path(), PathFacts::Distrusted(words.to_owned()));
        }),
        ("1→2 certificate-untrusted", |_, evidence| {
            evidence.paths.insert(path(), PathFacts::Distrusted("unable to get local issuer certificate".to_owned()));
        }),
        ("1→2 remote-missing", |there, _| there.server_mut(cluster(1)).remotes.clear()),
        ("1→2 remote-wrong-port", |there, _| {
            let remotes = &mut there.server_mut(cluster(1)).remotes;
            remotes.insert("cluster.remote.cluster02.proxy_address".to_owned(), "10.213.0.12:9300".to_owned());
        }),
        ("1→2 credentials-missing", |_, evidence| drop(evidence.presented.insert(held(), Presented::Absent))),
        ("1→2 credentials-unread", |_, evidence| {
            evidence.by_key.insert(held(), false);
        }),
        ("1→2 key-type", |_, evidence| present(evidence, |key| key.kind = "rest".to_owned())),
        ("1→2 key-invalidated", |_, evidence| present(evidence, |key| key.invalidated = true)),
        ("1→2 key-expired", |_, evidence| present(evidence, |key| key.expires = Some(NOW))),
        ("1→2 key-access", |_, evidence| present(evidence, |key| key.names = vec!["other-*".to_owned()])),
        ("1→2 license, 2→1 license", |there, _| {
            there.server_mut(cluster(2)).license.active = false;
        }),
    ];
    for (expected, harm) in harms {
        assert_eq!(codes(harm), expected);
    }
}

#[test]
fn what_elasticsearch_says_is_the_last_resort() {
    let found = codes(|there, evidence| {
        let links = &mut there.server_mut(cluster(1)).links;
        links.insert(cluster(2).into(), LinkFacts::Down("unheard-of".to_owned()));
        evidence.canaries.remove(&link());
    });
    assert_eq!(found, "1→2 not-connected");
    let found = codes(|_, evidence| {
        evidence.canaries.insert(link(), CanaryFacts::Missing("skipped".to_owned()));
    });
    assert_eq!(found, "1→2 nothing-found");
}

#[test]
fn a_link_that_could_not_be_searched_is_not_called_up() {
    assert_eq!(codes(|_, evidence| drop(evidence.canaries.remove(&link()))), "1→2 untried");
}

#[test]
fn a_document_that_was_refused_says_nothing_of_the_link() {
    let (mesh, there, mut evidence) = whole();
    let refused = CanaryRefusal::ShardLimit("this cluster has [1]/[1] shards open".to_owned());
    evidence.canaries.insert(link(), CanaryFacts::Untried(refused.untried(cluster(2), "mesh_verify-1")));
    let report =
        serde_json::to_value(Report::new(&judge(&mesh, Scope::Mesh, &there, &evidence, NOW), Vec::new(), true))
            .unwrap();
    assert_eq!(report["up"], false, "what is not proved is not called up");
    let first = &report["links"][0];
    assert_eq!((&first["up"], &first["state"], &first["cause"]), (&false.into(), &"untried".into(), &Value::Null));
    insta::assert_snapshot!(serde_json::to_string_pretty(&first["untried"]).unwrap(), @r#"
    {
      "message": "cluster02 did not take the document: this cluster has [1]/[1] shards open",
      "remedy": "delete indices that are not needed, or allow more with `mesh es 2 PUT _cluster/settings '{\"persistent\": {\"cluster.max_shards_per_node\": 2000}}'`"
    }
    "#);
}

#[test]
fn a_container_without_curl_leaves_the_proof_to_the_search() {
    let untried = |_: &mut Observed, evidence: &mut Evidence| {
        evidence.paths.insert(path(), PathFacts::Untried("no curl".to_owned()));
    };
    assert_eq!(codes(untried), "");
}

#[test]
fn a_cause_is_reported_in_words_with_a_remedy() {
    let second = cluster(2);
    let causes = [
        LinkCause::NotRunning {
            of: second,
            container: "cluster02-elastic".to_owned(),
            state: Some(ContainerState::Stopped),
        },
        LinkCause::WrongPort { remote: second, address: "10.213.0.12:9300".to_owned() },
        LinkCause::KeyExpired { of: second, on: NOW },
        LinkCause::License { of: second, kind: "basic".to_owned(), active: true },
    ];
    let texts: Vec<String> = causes.iter().map(|cause| format!("{cause}\n  {}", cause.remedy())).collect();
    insta::assert_snapshot!(texts.join("\n"), @r"
    container cluster02-elastic is stopped
      `mesh manage start 2`
    the remote cluster02 is set to 10.213.0.12:9300; clusters come in by port 9443
      `mesh verify --fix`
    the API key of cluster02 expired on 2026-01-31 12:00 UTC
      `mesh verify --fix`
    the license of cluster02 is basic, and links need trial or enterprise on both sides
      `mesh create --license FILE` with an Enterprise license: cluster02 can start no second trial of one version
    ");
    let codes: BTreeSet<&str> = causes.iter().map(LinkCause::code).collect();
    assert_eq!(codes.len(), causes.len());
}

#[test]
fn the_report_is_what_is_documented() {
    let (mesh, there, mut evidence) = whole();
    evidence.presented.insert(held(), Presented::Absent);
    let report =
        serde_json::to_value(Report::new(&judge(&mesh, Scope::Mesh, &there, &evidence, NOW), Vec::new(), true))
            .unwrap();
    assert_eq!((&report["version"], &report["up"]), (&2.into(), &false.into()));
    let first = &report["links"][0];
    assert_eq!(first["cause"]["code"], "credentials-missing");
    let outcomes: BTreeMap<&str, &str> = first["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["check"].as_str().unwrap(), line["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!((outcomes["port"], outcomes["credentials"], outcomes["key"]), ("passed", "failed", "untried"));
    assert_eq!(report["links"][1]["up"], true);
}

#[test]
fn a_container_is_named_by_the_name_that_docker_knows() {
    let (mesh, mut there, evidence) = whole();
    let mesh = mesh.named("ci42");
    there.containers.get_mut(&cluster(2).first_node()).unwrap().state = ContainerState::Paused;
    let judged = judge(&mesh, Scope::Mesh, &there, &evidence, NOW);
    let cause = &judged[0].fault().unwrap().cause;
    assert_eq!(cause.to_string(), "container ci42-cluster02-elastic is paused");
    assert_eq!(cause.remedy(), "`docker unpause ci42-cluster02-elastic`");
}

#[test]
fn a_scope_has_the_links_from_and_to_its_clusters() {
    let mesh = Mesh::example(4);
    let links = |on: &str| {
        let on = on.parse().unwrap();
        let found = judge(&mesh, Scope::new(Some(&on)), &Observed::default(), &Evidence::default(), NOW);
        let link = |judgment: &Judgment| (judgment.link.from.number(), judgment.link.to.number());
        found.iter().map(link).collect::<Vec<_>>()
    };
    assert_eq!(links("3"), [(1, 3), (2, 3), (3, 1), (3, 2), (3, 4), (4, 3)]);
    assert_eq!(links("2-3").len(), 10);
    assert_eq!(links("1-4").len(), 12);
}
