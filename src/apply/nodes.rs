//! The nodes of a cluster: founded, joined, restarted in turn, removed. I/O: network, disk.

use std::collections::BTreeMap;

use super::{Apply, shards::STALLED, wait::Probe};
use crate::{
    console::StageLine,
    error::{Error, Exit},
    facts::observed::AllocationFacts,
    mesh::{
        id::{ClusterId, NodeId},
        layout,
    },
    plan::NodeStep,
    world::{elasticsearch::Elasticsearch, files as saved},
};

impl Apply<'_> {
    pub(super) async fn node_step(&self, step: &NodeStep, line: &StageLine) -> Result<(), Error> {
        match step {
            NodeStep::RecordUuid(cluster) => self.record_uuid(*cluster).await,
            NodeStep::ForgetUuid(cluster) => Ok(self.tree()?.remove_tree(layout::uuid(*cluster))?),
            NodeStep::HoldShards(cluster) => self.hold_shards(*cluster).await,
            NodeStep::ReleaseShards(cluster) => {
                self.set(*cluster, "the allocation of shards", AllocationFacts::ENABLE, None).await
            }
            NodeStep::AwaitRecoveries(cluster) => self.await_recoveries(*cluster, line).await,
            NodeStep::AwaitShards(cluster) => self.await_shards(*cluster, line).await,
            NodeStep::LowerReplicas { on, indices, to } => self.lower_replicas(*on, indices, *to).await,
            NodeStep::DrainNodes { on, nodes } => self.drain_nodes(*on, nodes, line).await,
            NodeStep::ExcludeVotes { on, nodes } => self.exclude_votes(*on, nodes).await,
            NodeStep::ClearExclusions(cluster) => self.clear_exclusions(*cluster).await,
            NodeStep::RemoveNodeFiles(node) => self.remove_node_files(*node).await,
        }
    }

    pub(super) async fn set(
        &self,
        on: ClusterId,
        what: &str,
        setting: &str,
        value: Option<String>,
    ) -> Result<(), Error> {
        let server = self.server(on)?;
        let settings = BTreeMap::from([(setting.to_owned(), value)]);
        self.persist(on, what, async || server.put_settings(&settings).await).await
    }

    /// The UUID of the cluster that the first of its nodes is in which answers; it is in one, since it serves.
    async fn record_uuid(&self, cluster: ClusterId) -> Result<(), Error> {
        let server = self.server(cluster)?;
        let facts = self.persist(cluster, "the UUID", async || server.membership().await).await?;
        let uuid = facts.uuid.ok_or_else(|| {
            Error::new(Exit::Unfinished, format!("{cluster} has no UUID: it is not founded"))
                .hint("type the same command again")
        })?;
        self.write(&self.tree()?, &layout::uuid(cluster), format!("{uuid}\n").as_bytes())
    }

    async fn hold_shards(&self, cluster: ClusterId) -> Result<(), Error> {
        let primaries = Some(AllocationFacts::PRIMARIES.to_owned());
        self.set(cluster, "the allocation of shards", AllocationFacts::ENABLE, primaries).await?;
        let server = self.server(cluster)?;
        let shards = self.persist(cluster, "the shards", async || server.shards().await).await?;
        let red = || shards.red_indices().cloned().collect();
        self.red_before.borrow_mut().entry(cluster).or_insert_with(red);
        // one that cannot be flushed only takes longer to come back
        let _ = self.persist(cluster, "a flush", async || server.flush().await).await;
        Ok(())
    }

    async fn lower_replicas(&self, on: ClusterId, indices: &[String], to: u32) -> Result<(), Error> {
        let server = self.server(on)?;
        // a request line is 4 KiB long at most
        for some in indices.chunks(10) {
            self.persist(on, "the number of replicas", async || server.set_replicas(some, to).await).await?;
        }
        Ok(())
    }

    /// The names of nodes as Elasticsearch has them: those of their containers.
    pub(super) fn names(&self, nodes: &[NodeId]) -> Vec<String> {
        nodes.iter().map(|node| self.mesh.container_name((*node).into())).collect()
    }

    async fn exclude_votes(&self, on: ClusterId, nodes: &[NodeId]) -> Result<(), Error> {
        let (server, names) = (self.server(on)?, self.names(nodes));
        self.persist(on, "the votes", async || server.exclude_votes(&names).await).await
    }

    async fn clear_exclusions(&self, on: ClusterId) -> Result<(), Error> {
        let server = self.server(on)?;
        self.persist(on, "the votes", async || server.clear_votes().await).await?;
        self.set(on, "the allocation of shards", AllocationFacts::EXCLUDED, None).await
    }

    /// Only while every primary shard is assigned: of one that is not, the last copy may be in this directory.
    async fn remove_node_files(&self, node: NodeId) -> Result<(), Error> {
        let (server, cluster) = (self.server(node.cluster)?, node.cluster);
        let probe = async || {
            Ok(match server.settled_shards().await {
                Ok(shards) if !shards.red => Probe::Ready(()),
                Ok(_) => Probe::Pending("a primary shard is not assigned".to_owned()),
                Err(error) => Probe::Pending(error.cause()),
            })
        };
        let whole = self.patience.until(&format!("every primary shard of {cluster}"), Some(STALLED), probe).await;
        whole.map_err(|error| {
            error.hint(format!(
                "a copy may be on {node}, whose directory is kept: `mesh create {} --set {cluster}.nodes={}` brings it back",
                self.mesh.cluster_set().to_mesh_text(),
                node.number.get().max(3)
            ))
        })?;
        let tree = self.tree()?;
        tree.remove_tree(layout::service_dir(node.into()))?;
        for path in [layout::keystore_record(node), layout::seed_record(node.into())] {
            tree.remove_tree(path)?;
        }
        Ok(())
    }

    /// Why a node of a cluster of several is not of use yet: it is in no cluster.
    ///
    /// # Errors
    /// It is in another cluster than its own: it lost its data and founded one, or was given the data of another.
    pub(super) async fn joined(&self, server: &Elasticsearch, node: NodeId) -> Result<Result<(), String>, Error> {
        let facts = match server.membership().await {
            Ok(facts) => facts,
            Err(error) => return Ok(Err(error.cause())),
        };
        let recorded = saved::text(&self.tree()?, &layout::uuid(node.cluster))?;
        match (facts.uuid, recorded.as_deref().map(str::trim)) {
            (Some(uuid), Some(recorded)) if uuid != recorded => Err(Error::new(
                Exit::Unhealthy,
                format!(
                    "{node} belongs to another cluster ({uuid}) than the other nodes of {} ({recorded})",
                    node.cluster
                ),
            )
            .hint(format!(
                "stop it with `mesh manage stop {}/{}`, empty {}, and type the same command again",
                node.cluster.number(),
                node.number.get(),
                self.mesh.dir.join(layout::data(node)).display()
            ))),
            _ if facts.master.is_none() => Ok(Err("it has not joined its cluster".to_owned())),
            _ => Ok(Ok(())),
        }
    }
}
