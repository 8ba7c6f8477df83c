//! Modes and owners of the mesh's files. I/O: disk; no decisions.

use std::collections::BTreeMap;

use super::{
    disk::{DiskError, FileMeta, Kind, Tree},
    files,
};
use crate::{
    facts::observed::FileFacts,
    mesh::{
        id::{ClusterId, ServiceId},
        layout,
        links::Key,
        permissions,
    },
};

/// Those of everything that a mesh writes and that is there; what containers write is not looked at.
pub fn found(tree: &Tree, clusters: impl Iterator<Item = ClusterId>) -> Result<BTreeMap<String, FileFacts>, DiskError> {
    let own = layout::OWN_FILES.map(str::to_owned);
    let of_peers = tree.entries(layout::PEERS).unwrap_or_default();
    let of_peers = of_peers.iter().filter_map(|file| Some(layout::peer(&layout::peer_of(file)?)));
    let peers = std::iter::once(layout::PEERS.to_owned()).chain(of_peers);
    let gateway = permissions::of_gateway(tree.entries(layout::GATEWAY_CONFIG).unwrap_or_default());
    let paths = own.into_iter().chain(peers).chain(gateway).chain(clusters.flat_map(|cluster| {
        let services = files::services(tree, cluster).unwrap_or_default();
        let of_mesh = [permissions::dirs(cluster, &services), permissions::files(cluster, &services)];
        of_mesh.into_iter().chain([link_keys(tree, cluster), seeded(tree, &services)]).flatten()
    }));
    let mut by_dir: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in paths {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", &path));
        by_dir.entry(dir.to_owned()).or_default().push(name.to_owned());
    }
    let mut found = BTreeMap::new();
    for (dir, names) in by_dir {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for (name, meta) in tree.metadata_in(&dir, &names)? {
            // anything else is not what was written there, and reported where it is read
            if let Kind::File | Kind::Directory = meta.kind {
                let path = if dir.is_empty() { name } else { format!("{dir}/{name}") };
                found.insert(path, facts(meta));
            }
        }
    }
    found.insert(String::new(), facts(tree.metadata_in("", &["."])?.remove(0).1));
    Ok(found)
}

fn facts(meta: FileMeta) -> FileFacts {
    FileFacts { directory: meta.kind == Kind::Directory, mode: meta.mode, uid: meta.uid, gid: meta.gid }
}

fn link_keys(tree: &Tree, cluster: ClusterId) -> Vec<String> {
    let searchers = files::searchers_with_keys(tree, cluster).unwrap_or_default();
    searchers.into_iter().map(|searcher| layout::key(Key { of: cluster, searcher: Some(searcher) })).collect()
}

/// The files that came from images. Those of the server's file realm keep the mode that its own tool gives them.
fn seeded(tree: &Tree, services: &[ServiceId]) -> Vec<String> {
    let nodes = services.iter().filter_map(|service| service.node());
    let realm: Vec<String> = nodes.flat_map(|node| [layout::users(node), layout::users_roles(node)]).collect();
    let of_service = |service: &ServiceId| {
        let (service, record) = (*service, files::seed_record(tree, *service));
        let names = record.map(|record| record.files).unwrap_or_default();
        names.into_keys().map(move |name| layout::config(service, &name))
    };
    services.iter().flat_map(of_service).filter(|path| !realm.contains(path)).collect()
}
