//! The command line, as types. No behavior.
//!
//! Its grammar: `mesh VERB` for the mesh as a whole, `mesh NOUN VERB` for what it has many of (`keys rotate`), with the
//! singular of a noun and `list` as aliases. `-o` is a format, `--into` a path to write to; `--as` acts as
//! another user and nothing else. What deletes or revokes something asks first, without `--yes`, and has `--dry-run`.

mod ask;
mod bench;
mod bundle;
mod create;
mod export;
mod format;
mod groups;
mod inspect;
mod invites;
mod load;
mod manage;
mod peers;
mod renew;
mod root;
mod serve;
mod settings;
mod snapshots;
mod usage;
mod users;
mod views;

use std::time::Duration;

use clap::Subcommand;

pub use self::{
    ask::{CompletionsArgs, CredentialsArgs, EnvArgs, EsArgs, EsMethod, ManArgs, OpenArgs, SearchArgs},
    bench::BenchArgs,
    bundle::{BundleAction, SaveArgs, UnpackArgs},
    create::{ConfigArgs, CreateArgs},
    export::{EckArgs, ExportAction, IntoArgs, NginxArgs, PrometheusArgs, ProxyArgs, RallyArgs, SystemdArgs},
    format::{ConsentArgs, Format, OutputArgs, PlanArgs, StatusFormat},
    inspect::{DoctorArgs, LogsArgs, MeshesArgs, StatusArgs, SupportArgs, VerifyArgs},
    invites::{GuestsArgs, InviteArgs, InvitesAction, RevokeArgs},
    load::LoadArgs,
    manage::{ManageAction, ManageArgs, ResetArgs, UpgradeArgs},
    peers::{ForeignArgs, JoinArgs, LeaveArgs, PeersAction, PeersArgs},
    renew::{CertsAction, KeysAction, LsArgs, LsCertsArgs, RenewArgs, RotateCertsArgs},
    root::Cli,
    serve::{PageArgs, ServeArgs},
    settings::SettingsArgs,
    snapshots::{AdoptArgs, RestoreArgs, RmArgs, SnapshotsAction, TakeArgs},
    users::{AddUserArgs, PasswdArgs, RmUserArgs, UsersAction, UsersArgs},
    views::{CreateViewArgs, RmViewArgs, ViewsAction, ViewsArgs},
};
use crate::mesh::{
    id::{ClusterId, Count},
    invalid_value::InvalidValue,
    settings::Timeout,
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a mesh of clusters, or reconcile the one that exists
    Create(Box<CreateArgs>),
    /// Start, stop, restart, remove or recreate the containers of some clusters
    ///
    /// Data stays, and `up` undoes `down`, so it asks nothing.
    Manage(ManageArgs),
    /// Upgrade Elasticsearch and Kibana to a newer version, one cluster after the other
    ///
    /// Each cluster is stopped, started on the new version and linked again before the next one is. Data, passwords,
    /// API keys and edited configuration files stay. A rollback needs a snapshot that was taken before. After an
    /// interruption, the same command continues.
    Upgrade(UpgradeArgs),
    /// Remove the mesh: its containers, its network and its directory with all data
    #[command(visible_alias = "delete")]
    Reset(ResetArgs),
    /// List the meshes of this Docker engine, also those whose directories are gone
    #[command(alias = "list")]
    Ls(MeshesArgs),
    /// Show every cluster and every link, and what is out of sync
    Status(StatusArgs),
    /// Serve a live page of the mesh to browsers: what is wrong, links, clusters, a search
    ///
    /// The page changes nothing but an API key of its own, by which it searches. Open the address that is printed: it
    /// holds a token, without which the page shows nothing.
    Serve(ServeArgs),
    /// Prove every link, and diagnose those that are down
    Verify(VerifyArgs),
    /// Load documents of NDJSON and CSV files into a cluster, or a sample into each
    ///
    /// A second run, also after an interruption, adds what is missing and doubles nothing: the id of a document is made
    /// of its source, its line's number and the line. An index that is missing is made.
    Load(LoadArgs),
    /// Take, list and restore snapshots of the clusters' data
    #[command(subcommand, alias = "snapshot")]
    Snapshots(SnapshotsAction),
    /// List, extend and replace the API keys by which clusters reach each other
    #[command(subcommand, alias = "key")]
    Keys(KeysAction),
    /// List and replace certificates, and the authorities that sign them
    #[command(subcommand, alias = "cert")]
    Certs(CertsAction),
    /// Add, list and remove the users of clusters, who read by roles what the mesh shares
    #[command(subcommand, alias = "user")]
    Users(UsersAction),
    /// Let other meshes search this one, by files that they join by
    #[command(subcommand, alias = "invite")]
    Invites(InvitesAction),
    /// Join another mesh: have clusters of this one search those of the other
    ///
    /// The file is an invitation that the other mesh's `mesh invites create` wrote. Joining gives the other side
    /// nothing: for both directions, each side invites the other.
    Join(JoinArgs),
    /// Leave a mesh that was joined: remove its remotes, keys and authorities
    Leave(LeaveArgs),
    /// List the meshes that were joined
    #[command(subcommand, alias = "peer")]
    Peers(PeersAction),
    /// Check whether the machine is ready for a mesh
    ///
    /// The checks are those for the mesh that exists, else for one of two clusters; with settings, for the mesh that
    /// `mesh create` would make of them.
    Doctor(Box<DoctorArgs>),
    /// Print the logs of the services, merged by time
    #[command(alias = "log")]
    Logs(LogsArgs),
    /// Write a file for a bug report: versions, status, plan, logs and containers, without secrets
    ///
    /// It is an archive of texts. Names of indices, clusters and machines are in it, and no password or key.
    Support(SupportArgs),
    /// Send a request to a cluster's Elasticsearch, as `elastic`
    Es(EsArgs),
    /// Search the whole mesh
    Search(SearchArgs),
    /// Measure what searching over links costs
    ///
    /// One cluster alone is compared with 2, 4 and so on, and with all: over links by one search, and directly by a
    /// search of each, all at once. An index `mesh-bench` is made on every cluster for it, and removed again. A
    /// measurement in which not every cluster was searched is invalid.
    Bench(BenchArgs),
    /// Write files for other programs that work with the mesh
    #[command(subcommand)]
    Export(ExportAction),
    /// List, make and remove data views in every Kibana
    #[command(subcommand, alias = "view")]
    Views(ViewsAction),
    /// Open a Kibana, or the page of `mesh serve`, in a browser; print its URL where there is none
    Open(OpenArgs),
    /// Print users, passwords and URLs
    #[command(alias = "credential")]
    Credentials(CredentialsArgs),
    /// Print variables for a shell: `eval "$(mesh env 3)"`
    ///
    /// The variables are `MESH_CLUSTER`, `ES_URL`, `ES_URLS` (of all its nodes, with commas between), `ES_USER`,
    /// `ES_PASSWORD`, `ES_CACERT` and, if there is a Kibana, `KIBANA_URL`. In fish: `mesh env 3 | source`.
    Env(EnvArgs),
    /// Bring this program and the images of a mesh to a machine that reaches no registry, in one file
    #[command(subcommand)]
    Bundle(BundleAction),
    /// Print the effective settings and the source of each
    ///
    /// As YAML, it is a settings file.
    Config(Box<ConfigArgs>),
    /// Print a script that completes commands and cluster numbers
    ///
    /// Put `source <(mesh completions bash)` into `~/.bashrc`, so that the script is always that of the installed
    /// version. In fish: `mesh completions fish | source`.
    Completions(CompletionsArgs),
    /// Write the manual pages
    Man(ManArgs),
}

/// How long a run may take.
fn timeout(text: &str) -> Result<Duration, InvalidValue> {
    Ok(text.parse::<Timeout>()?.0)
}

/// The number of a cluster.
fn cluster_number(text: &str) -> Result<ClusterId, String> {
    text.parse().ok().and_then(ClusterId::new).ok_or_else(|| "expected a number from 1 to 99".to_owned())
}

/// A number of clusters.
fn count(text: &str) -> Result<Count, String> {
    text.parse().ok().and_then(Count::new).ok_or_else(|| "expected a number from 1 to 99".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, ValueEnum as _};

    use super::*;

    /// Every command that does something, with its full name.
    fn commands() -> Vec<(String, clap::Command)> {
        let mut root = Cli::command();
        root.build();
        let below = |name: String, command: &clap::Command| {
            let of = move |command: &clap::Command| (format!("{name} {}", command.get_name()), command.clone());
            command.get_subcommands().filter(|command| command.get_name() != "help").map(of).collect::<Vec<_>>()
        };
        let nouns = below(String::new(), &root);
        let (groups, mut found): (Vec<_>, Vec<_>) =
            nouns.into_iter().partition(|(_, command)| command.has_subcommands());
        found.extend(groups.into_iter().flat_map(|(name, command)| below(name, &command)));
        found
    }

    #[test]
    fn one_grammar() {
        for (name, command) in commands() {
            for argument in command.get_arguments() {
                let acts_as = [" search", " verify"].contains(&name.as_str());
                assert!(argument.get_long() != Some("as") || acts_as, "`mesh{name} --as` should act as another user");
                let formats = argument.get_possible_values().len();
                let common = formats == Format::value_variants().len();
                let is_format = common || name == " status" && formats == StatusFormat::value_variants().len();
                let is_output = argument.get_long() == Some("output");
                assert_eq!(argument.get_short() == Some('o'), is_output, "`mesh{name} -o` should be a format");
                assert!(!is_output || is_format, "`mesh{name} -o` should be a format");
            }
            let has = |long: &str| command.get_arguments().any(|argument| argument.get_long() == Some(long));
            assert!(!has("yes") || has("dry-run"), "`mesh{name}` asks, so it should have `--dry-run`");
            assert!(!name.ends_with(" ls") || has("output"), "`mesh{name}` is a list, so it should have `-o`");
        }
        for revokes in [" create", " upgrade", " reset", " keys rotate", " certs rotate"] {
            let (_, command) = commands().into_iter().find(|(name, _)| name == revokes).unwrap();
            assert!(command.get_arguments().any(|argument| argument.get_long() == Some("yes")), "mesh{revokes}");
        }
    }

    #[test]
    fn a_noun_has_a_singular() {
        let is_noun = |of: &&clap::Command| of.has_subcommands() && !["export", "bundle"].contains(&of.get_name());
        for command in Cli::command().get_subcommands().filter(is_noun) {
            let singular = command.get_name().strip_suffix('s').unwrap();
            assert!(command.get_all_aliases().any(|alias| alias == singular), "{}", command.get_name());
        }
    }
}
