//! `mesh completions`: a script by which a shell completes commands, flags and the numbers of clusters that exist.

#![expect(clippy::disallowed_methods, reason = "a shell asks by the environment")]

use std::{
    any::TypeId,
    ffi::OsString,
    io::Write as _,
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::PathBuf,
};

use clap::CommandFactory as _;
use clap_complete::{ArgValueCandidates, CompleteEnv, CompletionCandidate, env::Shells};

use crate::{
    cli::{Cli, CompletionsArgs},
    console::Console,
    error::{Error, Exit},
    mesh::{
        cluster_set::ClusterSet,
        id::{ClusterId, NodeId},
        part::Part,
    },
    session::{Recorded, default_dir},
};

/// The variable by which a shell says that it asks; see <https://docs.rs/clap_complete/latest/clap_complete/env/>.
const VARIABLE: &str = "COMPLETE";

/// Answers a shell that asks for completions, and ends the program then.
pub fn complete() {
    let here = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(command).var(VARIABLE).try_complete(std::env::args_os(), here.as_deref());
    if asked.unwrap_or_else(|error| error.exit()) {
        let written = std::io::stdout().flush();
        std::process::exit(if written.is_ok() { Exit::Done } else { Exit::Machine } as i32);
    }
}

/// Prints what `COMPLETE=SHELL mesh` prints.
pub fn completions(args: &CompletionsArgs, console: &Console) -> Result<Exit, Error> {
    let failed = |cause: &dyn ToString| Error::new(Exit::Machine, "cannot make the script").cause(cause.to_string());
    let program = PathBuf::from(std::env::args_os().next().unwrap_or_else(|| "mesh".into()));
    // one that was not found by its name alone is found again by its full path
    let program =
        if program.components().count() > 1 { std::path::absolute(program).map_err(|e| failed(&e))? } else { program };
    let shells = Shells::builtins();
    let shell = shells.completer(&args.shell.to_string()).expect("should be one of the shells of the same crate");
    let mut script = Vec::new();
    shell
        .write_registration(VARIABLE, "mesh", "mesh", &program.to_string_lossy(), &mut script)
        .map_err(|error| failed(&error))?;
    console.bytes(&script);
    Ok(Exit::Done)
}

/// The command line, with the clusters that exist as what can be typed for their numbers.
fn command() -> clap::Command {
    Cli::command().mut_subcommands(with_clusters)
}

/// Every argument that is read as clusters of the mesh is one: those that it is to have are a setting, and read as
/// such.
fn with_clusters(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| {
        let read = argument.get_value_parser().type_id();
        if read == TypeId::of::<ClusterId>() || read == TypeId::of::<ClusterSet>() {
            argument.add(ArgValueCandidates::new(clusters))
        } else if read == TypeId::of::<Part>() {
            argument.add(ArgValueCandidates::new(parts))
        } else {
            argument
        }
    });
    command.mut_subcommands(with_clusters)
}

/// The mesh that is recorded where the line that is being typed says.
fn recorded() -> Option<Recorded> {
    let variable = || std::env::var_os("MESH_DIR").filter(|dir| !dir.is_empty());
    let dir = typed_dir().or_else(|| variable().map(PathBuf::from));
    Recorded::open(&dir.or_else(|| default_dir().ok())?).ok()
}

fn candidate(order: usize, typed: String, name: String, url: Option<String>) -> CompletionCandidate {
    let help = [name, url.map(|url| format!(", {url}")).unwrap_or_default()].concat();
    CompletionCandidate::new(typed).help(Some(help.into())).display_order(Some(order))
}

/// Its clusters; none where there is no mesh.
fn clusters() -> Vec<CompletionCandidate> {
    let Some(Recorded { mesh, .. }) = recorded() else { return Vec::new() };
    let of = |(order, cluster): (usize, ClusterId)| {
        candidate(order, cluster.number().to_string(), cluster.to_string(), mesh.url(cluster.first_node()))
    };
    mesh.clusters().enumerate().map(of).collect()
}

/// Its clusters, and after them the nodes of those that have several.
fn parts() -> Vec<CompletionCandidate> {
    let Some(Recorded { mesh, .. }) = recorded() else { return Vec::new() };
    let nodes = mesh.all_nodes().filter(|node| mesh.has_several_nodes(node.cluster));
    let of = |(order, node): (usize, NodeId)| {
        let typed = Part::Node(node).to_string();
        candidate(usize::from(ClusterId::MAX) + order, typed, node.to_string(), mesh.url(node.into()))
    };
    let gateway =
        mesh.gateway_url().map(|url| candidate(usize::MAX, Part::Gateway.to_string(), mesh.gateway_name(), Some(url)));
    clusters().into_iter().chain(nodes.enumerate().map(of)).chain(gateway).collect()
}

/// What `--dir` says on the line that is being typed.
fn typed_dir() -> Option<PathBuf> {
    let mut words = std::env::args_os().skip_while(|word| word != "--").skip(1);
    while let Some(word) = words.next() {
        if word == "--dir" {
            return words.next().map(PathBuf::from);
        }
        if let Some(dir) = word.as_bytes().strip_prefix(b"--dir=") {
            return Some(OsString::from_vec(dir.to_vec()).into());
        }
    }
    None
}
