//! End to end: the binary against real Docker and real Elasticsearch. One file for each subject:
//!
//! | Module | Subject |
//! |---|---|
//! | [`lifecycle`] | one mesh from its first `create` to its `reset`. Start here |
//! | [`inspection`] | what the commands that read and search print |
//! | [`bench`] | what searching over links costs |
//! | [`names`] | several meshes on one engine |
//! | [`load`] | documents are loaded from files, once each |
//! | [`snapshots`] | snapshots are taken, and restored into another mesh |
//! | [`serve`] | the live page, in a real browser |
//! | [`metrics`] | metrics and alerts, by way of a real Prometheus, and units |
//! | [`users`] | users and roles: what is allowed, what either side refuses |
//! | [`views`] | data views in every Kibana |
//! | [`gateway`] | nginx and HAProxy lead to a whole mesh by one address |
//! | [`upgrade`] | another version, cluster by cluster, through a kill |
//! | [`renewal`] | keys and certificates are replaced under load |
//! | [`tokens`] | the service token of Kibana, in the mesh of [`renewal`] |
//! | [`guests`] | other meshes are invited: keys that are made, revoked and waited for |
//! | [`scale`] | clusters are added and removed under load |
//! | [`drift`] | manual changes, repaired by `create` |
//! | [`recovery`] | the mesh's own files are lost, and restored |
//! | [`causes`] | every cause of a link that is down, reported and repaired |
//! | [`failures`] | interrupted and concurrent runs, a server that dies |
//! | [`machine`] | servers, engine and machine fail |
//! | [`machines`] | meshes on two machines |
//! | [`disk_full`] | no room, at each write in turn |
//! | [`hosts`] | a machine whose `/etc/hosts` is read-only |
//! | [`nodes`] | clusters of several nodes, grown and shrunk under load |
//! | [`security`] | every port and file, tried without credentials |
//! | [`non_root`] | a user who is not root |
//! | [`smoke_profile`] | the smallest servers, of two major versions |
//!
//! Most make the mesh without a name, so they run one after another. What takes too long for CI is in `tests/faults`.

#![expect(clippy::disallowed_methods, reason = "it looks at the machine itself, not through the code under test")]
#![expect(clippy::print_stdout, reason = "a test that takes minutes prints its progress")]

mod bench;
mod causes;
mod disk_full;
mod drift;
mod failures;
mod gateway;
mod guests;
mod hosts;
mod inspection;
mod lifecycle;
mod load;
mod machine;
mod machines;
mod metrics;
mod names;
mod nodes;
mod non_root;
mod recovery;
mod renewal;
mod scale;
mod security;
mod serve;
mod smoke_profile;
mod snapshots;
#[path = "../support/mod.rs"]
mod support;
mod tokens;
mod upgrade;
mod users;
mod views;
