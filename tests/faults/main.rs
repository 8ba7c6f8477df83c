//! Faults that take too long for CI, on real Docker and real Elasticsearch. Each module is a group of `scripts/faults`,
//! which takes an hour at most:
//!
//! | Module | Group |
//! |---|---|
//! | [`eck`] | manifests for Kubernetes, as Elastic's operator and an API server read them |
//! | [`growth`] | what meshes cost as they grow |
//! | [`kills`] | runs that are killed at many points, or that meet |
//! | [`load`] | loads of documents that are killed, refused for a while, or meet a full disk; Elastic's load tester |
//! | [`machines`] | meshes on two machines that joined: lost, killed, renewed, expired |
//! | [`nodes`] | clusters of several nodes: restarted and upgraded under load, killed and robbed |
//! | [`settings`] | secure settings and templates of the user's own |
//! | [`snapshots`] | repositories that are full, gone or another mesh's; runs and servers that end meanwhile |
//! | [`world`] | failures around a mesh: disks, registries, keys and licenses that expire |

#![expect(clippy::disallowed_methods, reason = "it looks at the machine itself, not through the code under test")]
#![expect(clippy::print_stdout, reason = "a test that takes minutes prints its progress")]

mod eck;
mod growth;
mod kills;
mod load;
mod machines;
mod nodes;
mod settings;
mod snapshots;
#[path = "../support/mod.rs"]
mod support;
mod world;
