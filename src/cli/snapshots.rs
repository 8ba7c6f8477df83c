//! The arguments of `mesh snapshots`. No behavior.

use clap::{Args, Subcommand};

use super::{ConsentArgs, LsArgs, PlanArgs, cluster_number};
use crate::mesh::{cluster_set::ClusterSet, id::ClusterId};

#[derive(Debug, Subcommand)]
pub enum SnapshotsAction {
    /// Take a snapshot of each cluster, then delete the mesh's own that are older than what is kept
    Create(TakeArgs),
    /// List the snapshots: when each was taken, and whether it is good
    #[command(alias = "list")]
    Ls(LsArgs),
    /// Restore indices and data streams; nothing that exists is overwritten
    Restore(Box<RestoreArgs>),
    /// Delete snapshots
    Rm(RmArgs),
    /// Make a repository this mesh's that was written to by a cluster that is no more
    Adopt(AdoptArgs),
}

#[derive(Debug, Args)]
pub struct TakeArgs {
    /// The clusters, such as `1-3,7` [default: all]
    #[arg(value_name = "CLUSTERS")]
    pub clusters: Vec<ClusterSet>,
    #[command(flatten)]
    pub plan: PlanArgs,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The cluster to restore into
    #[arg(value_parser = cluster_number)]
    pub cluster: ClusterId,
    /// The snapshot, or `last` for the last good one
    pub snapshot: String,
    /// Restore the indices and data streams that match, such as `logs-*` [default: all]
    #[arg(long = "index", value_name = "PATTERN")]
    pub indices: Vec<String>,
    /// Restore each under another name, in which `$1` stands for its own: `restored-$1`
    #[arg(long, value_name = "NAME", value_parser = rename)]
    pub rename: Option<String>,
    /// Restore what this feature keeps, too, such as `security` for users and roles, in the place of what is there
    #[arg(long = "with", value_name = "FEATURE")]
    pub features: Vec<String>,
    #[command(flatten)]
    pub consent: ConsentArgs,
}

#[derive(Debug, Args)]
pub struct RmArgs {
    /// The cluster that they are of
    #[arg(value_parser = cluster_number)]
    pub cluster: ClusterId,
    /// The snapshots
    #[arg(required = true)]
    pub snapshots: Vec<String>,
    #[command(flatten)]
    pub consent: ConsentArgs,
}

#[derive(Debug, Args)]
pub struct AdoptArgs {
    /// The clusters, such as `1-3,7`
    #[arg(value_name = "CLUSTERS", required = true)]
    pub clusters: Vec<ClusterSet>,
    #[command(flatten)]
    pub consent: ConsentArgs,
}

/// A name for what is restored, in which `$1` stands for its own. Elasticsearch reads it as what replaces the match of
/// a regular expression, so other groups and `\` are refused.
fn rename(text: &str) -> Result<String, String> {
    let plain = text.replace("$1", "x");
    let fits = |sign: char| !sign.is_uppercase() && !sign.is_whitespace() && !r#"$\/*?"<>|,#:"#.contains(sign);
    if plain.is_empty() || plain.starts_with(['-', '_', '+', '.']) || !plain.chars().all(fits) {
        return Err("expected a name of an index, in which `$1` stands for its own, such as `restored-$1`".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_name_is_that_of_an_index() {
        for name in ["x", "restored-$1", "$1", "r-$1-$1", "2$1.old"] {
            assert_eq!(rename(name), Ok(name.to_owned()));
        }
        for name in ["", "r-$2", "R-$1", r"a\$1", "$", "a b", "a,b", "-$1", "_x", "${name}"] {
            assert!(rename(name).is_err(), "{name}");
        }
    }
}
