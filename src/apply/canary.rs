//! A document in every cluster, searched for from every other, and removed again. I/O: network.

use std::collections::BTreeMap;

use futures::future::join_all;

use super::Apply;
use crate::{
    error::Error,
    mesh::{Mesh, id::ClusterId},
    plan::{
        observed::{LinkFacts, Observed},
        verify::{CanaryFacts, Link},
    },
};

/// The beginning of the canaries' names: within what every key shares, and nobody else's.
fn prefix(mesh: &Mesh) -> String {
    format!("mesh-verify-{}-", mesh.id)
}

impl Apply<'_> {
    /// Puts a document into every server that answers, in an index named after `run`, and has every server search for it on
    /// its remotes. What was put is removed again, and what an earlier run left. A link that is known to be down is not
    /// searched: it would only hold up the search.
    pub async fn prove_documents(&self, there: &Observed, run: &str) -> BTreeMap<Link, CanaryFacts> {
        let index = format!("{}{run}", prefix(self.mesh));
        let clusters: Vec<ClusterId> = there.servers.keys().copied().collect();
        let put = join_all(clusters.iter().map(async |cluster| {
            let outcome = self.put_canary(*cluster, &index).await;
            (*cluster, outcome.err().map(|error| error.message))
        }))
        .await;
        let lacking: BTreeMap<ClusterId, String> =
            put.into_iter().filter_map(|(cluster, error)| Some((cluster, error?))).collect();
        let found = join_all(clusters.iter().map(async |from| self.find_canaries(there, *from, &index).await)).await;
        join_all(clusters.iter().map(async |cluster| self.remove_canaries(*cluster).await)).await;
        let mut facts: BTreeMap<Link, CanaryFacts> = found.into_iter().flatten().collect();
        for (link, found) in &mut facts {
            if let (CanaryFacts::Missing(words), Some(error)) = (&*found, lacking.get(&link.to)) {
                *found = CanaryFacts::Missing(format!("{words}; it could not be put there: {error}"));
            }
        }
        facts
    }

    async fn put_canary(&self, cluster: ClusterId, index: &str) -> Result<(), Error> {
        let server = self.server(cluster)?;
        Ok(server.put_canary(index, cluster).await?)
    }

    async fn find_canaries(&self, there: &Observed, from: ClusterId, index: &str) -> BTreeMap<Link, CanaryFacts> {
        let up = |to: &ClusterId| {
            there.servers.get(&from).is_some_and(|server| server.links.get(to) == Some(&LinkFacts::Connected))
        };
        let remotes: Vec<ClusterId> = self.mesh.remotes(from).filter(up).collect();
        let search = async {
            let server = self.server(from)?;
            server.find_canaries(index, &remotes).await.map_err(Error::from)
        };
        match search.await {
            Ok(found) => found.into_iter().map(|(to, facts)| (Link { from, to }, facts)).collect(),
            Err(error) => {
                let missing = CanaryFacts::Missing(format!("{from} could not search: {}", error.message));
                remotes.into_iter().map(|to| (Link { from, to }, missing.clone())).collect()
            }
        }
    }

    /// A canary that stays harms nobody, and the next run removes it.
    async fn remove_canaries(&self, cluster: ClusterId) {
        let remove = async {
            let server = self.server(cluster)?;
            for index in server.indices(&prefix(self.mesh)).await? {
                server.remove_index(&index).await?;
            }
            Ok::<_, Error>(())
        };
        if let Err(error) = remove.await {
            tracing::warn!(%cluster, %error, "a canary is left");
        }
    }
}
