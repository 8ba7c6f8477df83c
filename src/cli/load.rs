//! The arguments of `mesh load`. No behavior.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueHint};

use super::{OutputArgs, cluster_number, timeout};
use crate::{ask::load::IndexName, mesh::id::ClusterId};

#[derive(Debug, Args)]
#[command(override_usage = "mesh load [OPTIONS] <CLUSTER> <FILE>...\n       mesh load --sample")]
pub struct LoadArgs {
    /// The cluster's number
    #[arg(value_parser = cluster_number, required_unless_present = "sample")]
    pub cluster: Option<ClusterId>,
    /// NDJSON, a JSON object a line, or CSV with a header, where the name ends in `.csv`; compressed by gzip or not.
    /// `-` is stdin
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "sample")]
    pub files: Vec<PathBuf>,
    /// The index to load into [default: `mesh-` and the file's name]
    #[arg(long, value_name = "NAME")]
    pub index: Option<IndexName>,
    /// The name of stdin, such as `visits.csv`, or of a file in place of its path; ids are made of it [default: the
    /// file's path]
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Leave out lines that are not documents, and name them at the end
    #[arg(long)]
    pub skip_bad: bool,
    /// Make 1,000 + n events in cluster n, in the index mesh-sample
    #[arg(long, conflicts_with_all = ["cluster", "files", "index", "source", "skip_bad"])]
    pub sample: bool,
    /// How long a cluster may take no document
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = timeout)]
    pub timeout: Duration,
    #[command(flatten)]
    pub output: OutputArgs,
}
