//! `mesh credentials`: users, passwords, and where they are good for. The one command that is there to show secrets.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::{
    cli::CredentialsArgs,
    console::Console,
    error::{Error, Exit},
    mesh::{id::ClusterId, layout},
    session::Recorded,
};

/// The version of the form for programs.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Shown {
    version: u32,
    users: [User; 2],
    clusters: Vec<Place>,
    /// Path of the file with every cluster's authority.
    authorities: PathBuf,
}

#[derive(Serialize)]
struct User {
    name: &'static str,
    password: String,
    #[serde(rename = "for")]
    purpose: &'static str,
}

/// Where a cluster is reached.
#[derive(Serialize)]
struct Place {
    cluster: ClusterId,
    /// The URL of the first node.
    elasticsearch: String,
    /// The URLs of all nodes.
    nodes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kibana: Option<String>,
}

pub fn credentials(args: &CredentialsArgs, dir: &Path, console: &Console) -> Result<Exit, Error> {
    let recorded = Recorded::open(dir)?;
    let (mesh, credentials) = (&recorded.mesh, recorded.credentials()?);
    let user = |name, password: &str, purpose| User { name, password: password.to_owned(), purpose };
    let place = |cluster: ClusterId| {
        let nodes = mesh.node_urls(cluster);
        Some(Place { cluster, elasticsearch: nodes.first()?.clone(), nodes, kibana: mesh.url(cluster.kibana()) })
    };
    let shown = Shown {
        version: VERSION,
        users: [
            user("elastic", credentials.elastic.expose(), "you: Elasticsearch and Kibana of every cluster"),
            user("kibana_system", credentials.kibana_system.expose(), "Kibana itself"),
        ],
        clusters: mesh.clusters().filter_map(place).collect(),
        authorities: mesh.dir.join(layout::BUNDLE),
    };
    console.show(args.output.format, &shown, || text(&shown, console));
    Ok(Exit::Done)
}

fn text(shown: &Shown, console: &Console) {
    console.users(&shown.users.each_ref().map(|user| (user.name, user.password.as_str(), user.purpose)));
    console.line("");
    let place = |place: &Place| (place.cluster, place.nodes.clone(), place.kibana.clone());
    console.places(&shown.clusters.iter().map(place).collect::<Vec<_>>(), "");
    console.line(&format!("\nauthorities for clients and browsers: {}", shown.authorities.display()));
}
