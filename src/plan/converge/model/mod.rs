//! A model of the world, not a mock of Docker: it knows what a step changes and what it needs, and refuses a step whose
//! needs are not met, as the real world would. Pure.

mod asked_for;
mod carry_out;
mod gateway;
mod links;
mod nodes;
mod peers;
mod snapshots;
mod tokens;
mod trust;
mod users;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use time::{OffsetDateTime, macros::datetime};

use crate::{
    facts::{
        gateway::GatewayAnswer,
        observed::{
            AllocationFacts, Answer, ClusterFiles, ContainerState, KeyFacts, KibanaFacts, LicenseFacts, NodeFacts,
            NodeFiles, Observed, ServerFacts, ViewFacts,
        },
        snapshots::PolicyFacts,
        users::UserFacts,
    },
    mesh::{
        Mesh,
        certs::{self, Authority},
        cluster::Discovery,
        digest::digest_of_secret,
        id::{ClusterId, NodeId, NodeNumber, ServiceId},
        peers::{Alias, PartnerName, access::RemoteAccessFacts},
        service_token::ServiceToken,
        settings::StackVersion,
        snapshots::RepositorySpec,
    },
    plan::{
        Step,
        reconcile::{PlanInputs, reconcile},
    },
};

pub(super) const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);
pub(super) const HOSTS: &[u8] = b"127.0.0.1 localhost\n";

/// What a cluster keeps in the data directories of its nodes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Server {
    /// Tells one life of the data from another; it stands for the cluster's UUID.
    pub(super) born: u32,
    /// The nodes of which a majority has to run.
    pub(super) voters: BTreeSet<NodeNumber>,
    /// The nodes that hold shards.
    pub(super) holders: BTreeSet<NodeNumber>,
    pub(super) allocation: AllocationFacts,
    /// The digest of the password of `elastic`.
    pub(super) elastic: String,
    pub(super) passwords: bool,
    pub(super) keys: Vec<KeyFacts>,
    pub(super) remotes: BTreeMap<String, String>,
    pub(super) trial: bool,
    pub(super) repository: Option<RepositorySpec>,
    /// The directory of the host that it was registered for.
    pub(super) registered: Option<String>,
    pub(super) snapshot_policy: PolicyFacts,
    pub(super) users: UserFacts,
    /// What its Kibana keeps in it.
    pub(super) views: BTreeMap<String, ViewFacts>,
    /// The oldest that a node's data was last written by.
    pub(super) version: StackVersion,
}

/// What a node has in memory.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Process {
    /// The keystore as it was last read.
    pub(super) loaded: BTreeMap<String, String>,
    /// The keystore as it was when the node started.
    pub(super) booted: BTreeMap<String, String>,
    /// Its certificate and its bundle as they were last read.
    pub(super) certificate: String,
    pub(super) bundle: String,
    /// The file of service tokens as it was last read.
    pub(super) tokens: String,
    pub(super) discovery: Discovery,
    /// What its data was last written by.
    pub(super) version: StackVersion,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Model {
    pub(super) there: Observed,
    pub(super) servers: BTreeMap<ClusterId, Server>,
    pub(super) processes: BTreeMap<NodeId, Process>,
    /// The certificate that each Kibana started with.
    shown: BTreeMap<ClusterId, String>,
    /// The token that each Kibana started with; `None` for one that logs in with a password.
    presented: BTreeMap<ClusterId, Option<ServiceToken>>,
    /// The version that each container was made from.
    pub(super) versions: BTreeMap<ServiceId, StackVersion>,
    /// What the gateway has read of its files, while it runs.
    pub(super) gateway_read: Option<GatewayAnswer>,
    /// What peers' invitations hold.
    pub(super) offered: BTreeMap<PartnerName, BTreeMap<Alias, RemoteAccessFacts>>,
    /// The directories of repositories that were prepared.
    prepared: BTreeSet<PathBuf>,
    /// Whether the plan at hand has seen that Docker's engine has the mesh's directory.
    proved: bool,
    /// Counts everything that is made, so that nothing is taken for another.
    made: u32,
}

pub(super) fn inputs() -> PlanInputs {
    PlanInputs::new(NOW, 2)
}

impl Model {
    pub(super) fn empty() -> Self {
        let there = Observed { hosts_file: Some(HOSTS.to_vec()), ..Observed::default() };
        Self {
            there,
            servers: BTreeMap::new(),
            processes: BTreeMap::new(),
            shown: BTreeMap::new(),
            presented: BTreeMap::new(),
            versions: BTreeMap::new(),
            gateway_read: None,
            offered: BTreeMap::new(),
            prepared: BTreeSet::new(),
            proved: false,
            made: 0,
        }
    }

    fn number(&mut self) -> u32 {
        self.made += 1;
        self.made
    }

    /// Whether enough nodes of a cluster run for it to serve.
    pub(super) fn runs(&self, cluster: ClusterId) -> bool {
        let Some(server) = self.servers.get(&cluster) else { return false };
        let running = server.voters.iter().filter(|voter| self.there.runs(cluster.node(**voter).into())).count();
        running > server.voters.len() / 2
    }

    /// The node of a cluster that is asked.
    pub(super) fn process(&self, cluster: ClusterId) -> &Process {
        let node = self.there.running_nodes(cluster).next().expect("should run before it is asked");
        &self.processes[&node]
    }

    /// What is written in the directory of the first node.
    pub(super) fn first_files(&mut self, cluster: ClusterId) -> &mut NodeFiles {
        self.node_files(cluster.node(NodeNumber::FIRST))
    }

    pub(super) fn node_files(&mut self, node: NodeId) -> &mut NodeFiles {
        self.files(node.cluster).nodes.entry(node.number).or_default()
    }

    pub(super) fn files(&mut self, cluster: ClusterId) -> &mut ClusterFiles {
        self.there.files.entry(cluster).or_default()
    }

    pub(super) fn stop_all(&mut self) {
        for facts in self.there.containers.values_mut() {
            (facts.state, facts.address) = (ContainerState::Stopped, None);
        }
        self.stop_gateway();
    }

    fn authority(&self, cluster: ClusterId) -> Authority {
        let files = &self.there.files[&cluster];
        let pair = files.authority.as_ref().zip(files.authority_key.as_ref()).expect("should have an authority first");
        Authority::open(pair.0, pair.1).expect("should be a pair")
    }

    fn trusted(&self, cluster: ClusterId) -> String {
        self.there.files[&cluster].trusted().expect("should have an authority first")
    }

    fn browser_bundle(&self, mesh: &Mesh) -> String {
        let trusted: Vec<String> = mesh.clusters().map(|of| self.trusted(of)).collect();
        let gateway = self.there.gateway.files.authority.iter().filter(|_| mesh.has_gateway_authority());
        certs::bundle(trusted.iter().chain(gateway).map(String::as_str))
    }

    pub(super) fn answering(&mut self, cluster: ClusterId) -> &mut Server {
        assert!(self.runs(cluster), "{cluster} should run before it is asked");
        self.servers.get_mut(&cluster).expect("should have data: it runs")
    }

    pub(super) fn observe(&self) -> Observed {
        let mut there = self.there.clone();
        there.gateway.answer = self.gateway_answer();
        for (cluster, server) in self.servers.iter().filter(|(cluster, _)| self.runs(**cluster)) {
            let password = there.credentials.as_ref().map(|credentials| digest_of_secret(&credentials.elastic));
            if password.as_ref() != Some(&server.elastic) {
                there.servers.insert(*cluster, Answer::Unauthenticated(String::new()));
                continue;
            }
            let aliases: BTreeSet<Alias> = server.remotes.keys().filter_map(|name| Alias::of_setting(name)).collect();
            for node in self.there.running_nodes(*cluster) {
                there.nodes.insert(node, Answer::Ready(self.node_facts(node, server, &aliases)));
            }
            let kind = if server.trial { "trial" } else { "basic" };
            let facts = ServerFacts {
                passwords: server.passwords,
                kibana_token: self.knows_token(*cluster, &self.process(*cluster).tokens),
                license: LicenseFacts { kind: kind.to_owned(), active: true, uid: String::new(), expires: None },
                keys: server.keys.clone(),
                remotes: server.remotes.clone(),
                links: aliases.iter().map(|to| (to.clone(), self.link(*cluster, to))).collect(),
                certificate: certs::fingerprint(&self.process(*cluster).certificate).expect("should be a certificate"),
                allocation: server.allocation.clone(),
                repository: server.repository.clone(),
                snapshot_policy: server.snapshot_policy.clone(),
                users: server.users.clone(),
                vitals: None,
            };
            there.servers.insert(*cluster, Answer::Ready(facts));
        }
        let ready = |cluster: &ClusterId, shown: &String| {
            let certificate = certs::fingerprint(shown).expect("should be a certificate");
            Answer::Ready(KibanaFacts { certificate, views: Some(self.servers[cluster].views.clone()) })
        };
        let asked = self.shown.iter().filter(|(cluster, _)| self.runs(**cluster));
        there.kibanas = asked.map(|(cluster, shown)| (*cluster, ready(cluster, shown))).collect();
        there.kibanas.retain(|cluster, _| {
            self.there.containers.get(&cluster.kibana()).is_some_and(|facts| facts.state == ContainerState::Running)
        });
        there
    }

    fn node_facts(&self, node: NodeId, server: &Server, remotes: &BTreeSet<Alias>) -> NodeFacts {
        let name = |number: &NodeNumber| ServiceId::from(node.cluster.node(*number)).to_string();
        let running = server.voters.iter().filter(|number| self.there.runs(node.cluster.node(**number).into()));
        NodeFacts {
            uuid: Some(server.born.to_string()),
            master: running.clone().next_back().map(name),
            members: running.map(name).collect(),
            certificate: certs::fingerprint(&self.processes[&node].certificate).expect("should be a certificate"),
            kibana_token: self.knows_token(node.cluster, &self.processes[&node].tokens),
            links: remotes.iter().map(|to| (to.clone(), self.link_to(node, to))).collect(),
        }
    }

    pub(super) fn carry_out_all<'a>(mut self, mesh: &Mesh, steps: impl IntoIterator<Item = &'a Step>) -> Self {
        self.proved = false;
        for step in steps {
            self.carry_out(mesh, step);
        }
        self
    }

    /// What `mesh create` does: plan, carry out, look again; as often as it does at most.
    pub(super) fn converge(self, mesh: &Mesh) -> Self {
        self.converge_at(mesh, &inputs())
    }

    pub(super) fn converge_at(mut self, mesh: &Mesh, inputs: &PlanInputs) -> Self {
        for _ in 0..3 {
            let plan = reconcile(mesh, &self.observe_for(mesh), inputs);
            if plan.is_empty() {
                return self;
            }
            self = self.carry_out_all(mesh, plan.steps());
        }
        let rest = reconcile(mesh, &self.observe_for(mesh), inputs);
        assert!(rest.is_empty(), "still to do after three rounds:\n{rest}");
        self
    }
}
