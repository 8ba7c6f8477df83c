//! A document in every cluster that is searched, searched for over every link, and removed again. I/O: network.

use std::collections::BTreeMap;

use futures::future::join_all;

use super::Apply;
use crate::{
    error::Error,
    facts::{
        evidence::{CanaryFacts, Untried},
        observed::{LinkFacts, Observed},
    },
    judge::{nodes::Nodes, verify::canary},
    mesh::{id::ClusterId, links::Link},
    world::elasticsearch::Elasticsearch,
};

impl Apply<'_> {
    /// A cluster of several nodes is asked through one that has joined it.
    fn proving(&self, there: &Observed, cluster: ClusterId) -> Result<Elasticsearch, Error> {
        let server = self.server(cluster)?;
        let nodes = Nodes { mesh: self.mesh, there, now: self.now };
        if let Some(place) = self.mesh.nodes(cluster).position(|node| nodes.has_joined(node)) {
            server.begin_at(place);
        }
        Ok(server)
    }

    /// Puts a document into every server that answers and that another searches, in an index named after `run`, and has
    /// every server search for it on its remotes. What was put is removed again, and what an earlier run left. A link
    /// that is known to be down is not searched: it would only hold up the search.
    pub async fn prove_documents(&self, there: &Observed, run: &str) -> BTreeMap<Link, CanaryFacts> {
        let index = format!("{}{run}", canary::prefix(self.mesh));
        let clusters: Vec<ClusterId> = there.answering().map(|(cluster, _)| cluster).collect();
        let searched = clusters.iter().filter(|cluster| self.mesh.searchers(**cluster).next().is_some());
        let put =
            join_all(searched.map(async |cluster| Some((*cluster, self.put_canary(there, *cluster, &index).await?))));
        let lacking: BTreeMap<ClusterId, Untried> = put.await.into_iter().flatten().collect();
        let found = clusters.iter().map(async |from| self.find_canaries(there, *from, &index, &lacking).await);
        let found = join_all(found).await;
        self.clear_canaries(there).await;
        found.into_iter().flatten().collect()
    }

    /// Takes away the canaries of a run that is over, or that was killed. One that stays does no harm, and is no drift.
    pub async fn clear_canaries(&self, there: &Observed) {
        // the server of a cluster that leaves goes with its own
        let answering = there.answering().map(|(cluster, _)| cluster);
        let stay = answering.filter(|cluster| self.mesh.has_cluster(*cluster));
        join_all(stay.map(async |cluster| self.clear_canaries_of(cluster).await)).await;
    }

    /// Why the document could not be put, if so.
    async fn put_canary(&self, there: &Observed, cluster: ClusterId, index: &str) -> Option<Untried> {
        match self.proving(there, cluster) {
            Ok(server) => server.put_canary(index, cluster).await.err().map(|why| why.untried(cluster, index)),
            Err(error) => Some(error.message.into()),
        }
    }

    async fn find_canaries(
        &self,
        there: &Observed,
        from: ClusterId,
        index: &str,
        lacking: &BTreeMap<ClusterId, Untried>,
    ) -> BTreeMap<Link, CanaryFacts> {
        let up = |to: &ClusterId| {
            there.server(from).is_some_and(|server| server.links.get(&(*to).into()) == Some(&LinkFacts::Connected))
        };
        let (without, with): (Vec<ClusterId>, Vec<ClusterId>) =
            self.mesh.remotes(from).filter(up).partition(|to| lacking.contains_key(to));
        let search = async {
            let server = self.proving(there, from)?;
            server.find_canaries(index, &with).await.map_err(Error::from)
        };
        let found = search.await.unwrap_or_else(|error| {
            let remedy = Some(format!("see what it does with `mesh logs {} --service elastic`", from.number()));
            let why = Untried { reason: format!("{from} could not search: {}", error.message), remedy };
            with.iter().map(|to| (*to, CanaryFacts::Untried(why.clone()))).collect()
        });
        let without = without.into_iter().map(|to| (to, CanaryFacts::Untried(lacking[&to].clone())));
        found.into_iter().chain(without).map(|(to, facts)| (Link { from, to }, facts)).collect()
    }

    async fn clear_canaries_of(&self, cluster: ClusterId) {
        let clear = async {
            let server = self.server(cluster)?;
            for index in server.indices(&canary::leftovers(self.mesh)).await? {
                server.remove_index(&index).await?;
            }
            Ok::<_, Error>(())
        };
        if let Err(error) = clear.await {
            tracing::warn!(%cluster, %error, "a canary is left");
        }
    }
}
