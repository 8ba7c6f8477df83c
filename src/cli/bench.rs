//! The arguments of `mesh bench`. No behavior.

use clap::{Args, value_parser};

use super::{OutputArgs, cluster_number};
use crate::{
    ask::bench::Load,
    mesh::{cluster_set::ClusterSet, id::ClusterId},
};

#[derive(Debug, Args)]
pub struct BenchArgs {
    /// The cluster that searches [default: the first of those that search most others]
    #[arg(long, value_name = "CLUSTER", value_parser = cluster_number)]
    pub from: Option<ClusterId>,
    /// The clusters to ask, such as `1-3,7` [default: the one that searches, and all that it searches]
    #[arg(long, value_name = "CLUSTERS")]
    pub on: Option<ClusterSet>,
    /// How many searches are under way at a time; several numbers are measured one after the other
    #[arg(long, value_name = "COUNT,…", value_delimiter = ',', default_value = "8", value_parser = value_parser!(u16).range(1..=256))]
    pub clients: Vec<u16>,
    /// Plan so many searches a second, and time each from its planned start: an open loop [default: each client waits
    /// for its answer, a closed loop]
    #[arg(long, value_name = "COUNT,…", value_delimiter = ',', value_parser = value_parser!(u32).range(1..=100_000))]
    pub rate: Vec<u32>,
    /// How long a row is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = value_parser!(u64).range(1..=3600))]
    pub seconds: u64,
    /// How often all rows are measured, in turn
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = value_parser!(u16).range(1..=100))]
    pub rounds: u16,
    /// How many documents each cluster is given
    #[arg(long, value_name = "COUNT", default_value_t = 10_000, value_parser = value_parser!(u64).range(1..=10_000_000))]
    pub documents: u64,
    #[command(flatten)]
    pub output: OutputArgs,
}

impl BenchArgs {
    /// Every number of clients, at every rate where some are given.
    pub fn loads(&self) -> Vec<Load> {
        let rates: Vec<Option<u32>> =
            if self.rate.is_empty() { vec![None] } else { self.rate.iter().copied().map(Some).collect() };
        let at = |rate: Option<u32>| self.clients.iter().map(move |clients| Load { clients: *clients, rate });
        rates.into_iter().flat_map(at).collect()
    }
}
