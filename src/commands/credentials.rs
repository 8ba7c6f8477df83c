//! `mesh credentials`: users, passwords, and where they are good for. The one command that is there to show secrets.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::{
    cli::CredentialsArgs,
    console::Console,
    error::{Error, Exit},
    mesh::{cluster_set::ClusterSet, id::ClusterId, layout, users::UserName},
    session::Recorded,
};

/// The version of the form for programs.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Shown {
    version: u32,
    users: Vec<User>,
    clusters: Vec<Place>,
    /// Path of the file with every cluster's authority.
    authorities: PathBuf,
}

#[derive(Serialize)]
struct User {
    name: String,
    password: String,
    #[serde(rename = "for")]
    purpose: String,
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
    let user = |name: &str, password: &str, purpose: &str| User {
        name: name.to_owned(),
        password: password.to_owned(),
        purpose: purpose.to_owned(),
    };
    let of_mesh = |name: &UserName| -> Result<User, Error> {
        let password = recorded.password_of(name)?;
        let roles: Vec<String> = mesh.require_user(name)?.roles.iter().map(ToString::to_string).collect();
        let on = ClusterSet::new(mesh.clusters_of(name)).map(|clusters| clusters.named()).unwrap_or_default();
        Ok(user(name.as_str(), password.expose(), &format!("{} on {on}", roles.join(" "))))
    };
    let users = match &args.user {
        Some(name) => vec![of_mesh(name)?],
        None => [user("elastic", credentials.elastic.expose(), "you: Elasticsearch and Kibana of every cluster")]
            .into_iter()
            .chain(credentials.kibana_system.iter().map(|of| user("kibana_system", of.expose(), "Kibana itself")))
            // one whose password no file holds is left out: she may well have one
            .chain(mesh.all_users().into_keys().filter_map(|name| of_mesh(name).ok()))
            .collect(),
    };
    let is_on = |cluster: &ClusterId| args.user.as_ref().is_none_or(|user| mesh.clusters_of(user).contains(cluster));
    let place = |cluster: ClusterId| {
        let nodes = mesh.node_urls(cluster);
        Some(Place { cluster, elasticsearch: nodes.first()?.clone(), nodes, kibana: mesh.url(cluster.kibana()) })
    };
    let shown = Shown {
        version: VERSION,
        users,
        clusters: mesh.clusters().filter(is_on).filter_map(place).collect(),
        authorities: mesh.dir.join(layout::BUNDLE),
    };
    console.show(args.output.format, &shown, || text(&shown, console));
    Ok(Exit::Done)
}

fn text(shown: &Shown, console: &Console) {
    let user = |user: &User| (user.name.clone(), user.password.clone(), user.purpose.clone());
    console.users(&shown.users.iter().map(user).collect::<Vec<_>>());
    console.line("");
    let place = |place: &Place| (place.cluster, place.nodes.clone(), place.kibana.clone());
    console.places(&shown.clusters.iter().map(place).collect::<Vec<_>>(), "");
    console.line(&format!("\nauthorities for clients and browsers: {}", shown.authorities.display()));
}
