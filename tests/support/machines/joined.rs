//! Meshes on two machines that search each other, and what a search over both finds. Machine 1 has cluster 1, machine 2
//! has clusters 2 and 3.

use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{Machine, Machines};
use crate::support::{cluster::Cluster, links, run::Run, wait_for};

/// A server boots on a machine that boots, too.
pub const BACK: Duration = Duration::from_mins(2);
/// Within this a search is answered, whichever machine is silent.
pub const ANSWERED: Duration = Duration::from_secs(30);
/// The clusters of both machines, as a search names them that comes from elsewhere.
pub const ALL: [&str; 3] = ["cluster01", "cluster02", "cluster03"];

impl Machines {
    /// Creates a mesh on each, with a document on every cluster, that other machines may reach.
    pub fn create(&self) {
        thread::scope(|scope| {
            scope.spawn(|| self.one.create(&["1", "--advertise", &self.one.address()]));
            self.two.create(&["2-3", "--advertise", &self.two.address()]);
        });
        self.clusters().iter().for_each(links::write_document);
    }

    pub fn clusters(&self) -> [Cluster<'_>; 3] {
        [self.one.cluster(1), self.two.cluster(2), self.two.cluster(3)]
    }

    /// Has `host` invite the other machine; the file, and what the command printed.
    pub fn invite(&self, host: &Machine, args: &[&str]) -> (PathBuf, Run) {
        let guest = self.other(host).name();
        let file = self.handed_over(&format!("{}-for-{guest}.json", host.name()));
        let path = file.display().to_string();
        // an invitation is never overwritten
        let _ = fs::remove_file(&file);
        let run = host.run(&[&["invites", "create", &guest, "--into", &path], args].concat(), 0);
        (file, run)
    }

    /// Has `guest` join the other machine.
    pub fn join(&self, guest: &Machine) -> Run {
        let (file, _) = self.invite(self.other(guest), &[]);
        guest.run(&["join", &file.display().to_string()], 0)
    }

    pub fn other(&self, machine: &Machine) -> &Machine {
        if machine.name() == self.one.name() { &self.two } else { &self.one }
    }
}

/// The answer to a search over everything, and how long it took.
pub fn search(from: &Cluster<'_>) -> (Value, Duration) {
    let begun = Instant::now();
    (links::search(from), begun.elapsed())
}

/// One search finds the documents of exactly these clusters, and none of them is skipped.
pub fn finds(from: &Cluster<'_>, clusters: &[&str]) {
    let (found, _) = search(from);
    assert_eq!(links::sources(&found), clusters, "from {}: {found}", from.name());
    let details = found["_clusters"]["details"].as_object().cloned().unwrap_or_default();
    for (alias, facts) in details {
        assert_eq!(facts["status"], "successful", "{alias} from {}: {found}", from.name());
    }
}

/// Searches until one finds the documents of exactly these clusters; says how long that took.
pub fn finds_again(from: &Cluster<'_>, clusters: &[&str]) {
    let begun = Instant::now();
    wait_for("a search that finds all", BACK, || (links::sources(&search(from).0) == clusters).then_some(()));
    println!("          {} finds all after {:.1} s", from.name(), begun.elapsed().as_secs_f64());
}

/// Without a command a machine's mesh becomes as it was asked for.
pub fn is_whole(machine: &Machine) {
    wait_for("the mesh to be whole", BACK, || machine.is_in_sync().then_some(()));
    machine.run(&["status"], 0);
}

/// What `mesh … -o json` prints, whatever its exit code.
pub fn json(machine: &Machine, args: &[&str]) -> Value {
    let run = machine.mesh(&[args, &["-o", "json"]].concat());
    serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("should be JSON: {}{}", run.stdout, run.stderr))
}

/// How many clusters of others a machine's mesh has joined.
pub fn peers(machine: &Machine) -> usize {
    json(machine, &["peers", "ls"])["remotes"].as_array().expect("should list remotes").len()
}

/// The codes of the causes that `verify` finds for links to clusters of peers that are down.
pub fn causes(machine: &Machine) -> Vec<String> {
    let report = json(machine, &["verify"]);
    let links = report["peers"].as_array().cloned().unwrap_or_default();
    links.iter().filter_map(|link| Some(link["cause"]["code"].as_str()?.to_owned())).collect()
}

/// All that a command could change of a mesh: its record, its containers, and what its clusters know of others.
pub fn state(machine: &Machine, clusters: &[u8]) -> Vec<String> {
    let containers = machine.containers();
    let started = ["inspect", "--format", "{{.Id}} {{.State.StartedAt}}"];
    let started = machine.docker(&[&started[..], &containers.iter().map(String::as_str).collect::<Vec<_>>()].concat());
    let settings = |number: &u8| machine.cluster(*number).get("/_cluster/settings").to_string();
    clusters.iter().map(settings).chain([machine.read("mesh.json"), started]).collect()
}
