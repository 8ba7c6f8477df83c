//! `mesh env`: variables for a shell.

#![expect(clippy::disallowed_methods, reason = "the shell is known by the environment alone")]

use std::path::Path;

use crate::{
    ask::shell::Shell,
    cli::EnvArgs,
    console::Console,
    error::{Error, Exit},
    mesh::layout,
    session::Recorded,
};

pub fn env(args: &EnvArgs, dir: &Path, console: &Console) -> Result<Exit, Error> {
    let recorded = Recorded::open(dir)?;
    let (mesh, cluster) = (&recorded.mesh, recorded.cluster(args.cluster)?);
    let (user, password) = match &args.user {
        None => ("elastic".to_owned(), recorded.credentials()?.elastic),
        Some(user) => {
            let password = recorded.password_of(user)?;
            if !mesh.clusters_of(user).contains(&cluster) {
                return Err(Error::new(Exit::Request, format!("{user} does not log in to {cluster}"))
                    .hint("`mesh users ls` says where she does"));
            }
            (user.to_string(), password)
        }
    };
    let bundle = mesh.dir.join(layout::BUNDLE);
    let mut variables = vec![("MESH_CLUSTER", cluster.number().to_string())];
    let urls = mesh.node_urls(cluster);
    variables.extend(urls.first().map(|url| ("ES_URL", url.clone())));
    // a client that tries the next one loses nothing while a node is away
    variables.push(("ES_URLS", urls.join(",")));
    variables.extend([
        ("ES_USER", user),
        ("ES_PASSWORD", password.expose().to_owned()),
        ("ES_CACERT", bundle.display().to_string()),
    ]);
    variables.extend(mesh.url(cluster.kibana()).map(|url| ("KIBANA_URL", url)));
    let own = || Shell::at(&std::env::var("SHELL").ok()?);
    let shell = args.shell.or_else(own).unwrap_or(Shell::Bash);
    let exports = shell.exports(&variables)?;
    console.text(&exports);
    Ok(Exit::Done)
}
