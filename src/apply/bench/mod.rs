//! The index of a benchmark in every cluster that it asks, made and removed. I/O: network.

mod measure;

pub use self::measure::Bench;

use std::collections::BTreeMap;

use futures::future::join_all;

use super::Apply;
use crate::{
    ask::bench::data,
    console::StageLine,
    error::{Error, Exit},
    mesh::id::ClusterId,
};

impl Apply<'_> {
    /// Removes what an earlier run left.
    ///
    /// # Errors
    /// An index of that name was not made by a run, or a cluster does not answer.
    pub async fn clear_bench(&self, clusters: &[ClusterId]) -> Result<(), Error> {
        for cluster in clusters {
            self.clear_bench_of(*cluster).await?;
        }
        Ok(())
    }

    /// Removes what this run made; the clusters where that was not possible, each with the reason.
    pub async fn leave_bench(&self, clusters: &[ClusterId]) -> BTreeMap<ClusterId, String> {
        let cleared = clusters.iter().map(async |cluster| (*cluster, self.clear_bench_of(*cluster).await.err()));
        let left = join_all(cleared).await.into_iter();
        left.filter_map(|(cluster, error)| Some((cluster, error?.message))).collect()
    }

    async fn clear_bench_of(&self, cluster: ClusterId) -> Result<(), Error> {
        let server = self.server(cluster)?;
        match server.bench_mapping().await? {
            None => Ok(()),
            Some(mapping) if data::is_ours(&mapping) => Ok(server.remove_index(data::INDEX).await?),
            Some(_) => {
                let (index, number) = (data::INDEX, cluster.number());
                Err(Error::new(Exit::Request, format!("{cluster} has an index {index} that `mesh bench` did not make"))
                    .hint(format!(
                        "`mesh es {number} GET {index}` shows it; `mesh bench` needs that name on every cluster that it asks"
                    )))
            }
        }
    }

    /// Makes the index and fills it with documents, on all clusters at once.
    pub async fn fill_bench(&self, clusters: &[ClusterId], documents: u64, line: &StageLine) -> Result<(), Error> {
        let filled = join_all(clusters.iter().map(|cluster| self.fill_bench_of(*cluster, documents, line))).await;
        filled.into_iter().collect()
    }

    async fn fill_bench_of(&self, cluster: ClusterId, documents: u64, line: &StageLine) -> Result<(), Error> {
        let server = self.server(cluster)?;
        server.make_bench_index(&data::index(self.mesh)).await?;
        let mut from = 0;
        while from < documents {
            if self.patience.is_over() {
                return Err(super::wait::Patience::interruption());
            }
            let to = documents.min(from + data::BATCH);
            server.bulk_bench(data::bulk(cluster, from..to)).await?;
            line.now(&format!("{cluster}: {to} of {documents} documents"));
            from = to;
        }
        Ok(server.settle_bench_index().await?)
    }
}
