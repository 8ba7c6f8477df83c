//! The mesh's directory: what its files say, and how its own formats are read and written. I/O: disk; no decisions.

mod error;
mod gateway;
mod keystore;
mod nodes;
mod peers;

pub use self::{
    error::FilesError,
    gateway::gateway,
    keystore::{keystore, keystore_record, managed},
    nodes::{formation, has_data, nodes, services},
    peers::{joined, peer, peers, readable_peers},
};

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::disk::{DiskError, FileMeta, Kind, Tree};
use crate::{
    explain::Explain as _,
    facts::observed::{ClusterFiles, KeyFile, OwnerFacts, SeedFacts, ServiceFiles},
    mesh::{
        Mesh,
        credentials::Credentials,
        digest::{digest_of, digest_of_secret},
        id::{ClusterId, ServiceId},
        keystore::Keyring,
        layout,
        links::Key,
        record::{self, Record, RecordError},
        secret::Secret,
        settings::StackVersion,
        snapshots::{OWNER, RepositoryOwner, directory},
    },
};

/// An API key as `api-key.json` holds it.
#[derive(Serialize, Deserialize)]
pub struct SavedKey {
    pub id: String,
    /// What other clusters present; never printed.
    pub encoded: String,
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
}

/// What `seed-elastic.json` and `seed-kibana.json` hold: the image's version and the digests of its configuration
/// files, by their names below the directory.
#[derive(Serialize, Deserialize)]
pub struct SeedRecord {
    pub version: StackVersion,
    pub files: BTreeMap<String, String>,
}

/// The text of a file; `None` when there is none.
pub fn text(tree: &Tree, path: &str) -> Result<Option<String>, FilesError> {
    let Some(bytes) = tree.read(path)? else { return Ok(None) };
    let damaged = |_| FilesError::Damaged { path: tree.path(path), reason: "it is not valid UTF-8".to_owned() };
    String::from_utf8(bytes).map(Some).map_err(damaged)
}

/// The value of a file with a secret in it. The error for a damaged one names the place, and not what stands there.
fn parse_secret<T: for<'de> Deserialize<'de>>(tree: &Tree, path: &str) -> Result<Option<T>, FilesError> {
    let Some(text) = text(tree, path)? else { return Ok(None) };
    let damaged = |error: serde_json::Error| FilesError::Damaged { path: tree.path(path), reason: place(&error) };
    serde_json::from_str(&text).map(Some).map_err(damaged)
}

fn place(error: &serde_json::Error) -> String {
    let what = if error.is_data() { "it holds something else than a key" } else { "it is no JSON" };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

/// The clusters that have snapshots in the mesh's directory: Elasticsearch writes this file with the first one. See
/// <https://www.elastic.co/docs/deploy-manage/tools/snapshot-and-restore/read-only-url-repository>.
pub fn snapshots_inside(tree: &Tree) -> Result<BTreeSet<ClusterId>, FilesError> {
    let written = |cluster: &ClusterId| {
        tree.metadata(format!("{}/index.latest", directory(*cluster))).is_ok_and(|found| found.is_some())
    };
    Ok(clusters(tree)?.into_iter().filter(written).collect())
}

/// Who writes to the repository of a cluster's snapshots; `None` where that is not written down.
pub fn repository_owner(mesh: &Mesh, cluster: ClusterId) -> Result<Option<RepositoryOwner>, FilesError> {
    let Some((root, below)) = mesh.repository_place(cluster) else { return Ok(None) };
    let Some(tree) = Tree::open(&root)? else { return Ok(None) };
    parse(&tree, &format!("{below}/{OWNER}"))
}

/// Who writes to each repository of a mesh that keeps snapshots. A path that cannot be read hides nothing else of the
/// mesh.
pub fn repository_owners(mesh: &Mesh) -> BTreeMap<ClusterId, OwnerFacts> {
    let kept = mesh.clusters().filter(|cluster| !mesh.snapshots(*cluster).is_off());
    let owner = |cluster: ClusterId| match repository_owner(mesh, cluster) {
        Ok(owner) => owner.map(OwnerFacts::Is),
        Err(error) => {
            Some(OwnerFacts::Unreadable { reason: error.to_string(), remedy: error.hint().unwrap_or_default() })
        }
    };
    kept.filter_map(|cluster| Some((cluster, owner(cluster)?))).collect()
}

fn parse<T: for<'de> Deserialize<'de>>(tree: &Tree, path: &str) -> Result<Option<T>, FilesError> {
    let Some(text) = text(tree, path)? else { return Ok(None) };
    let damaged = |error: serde_json::Error| FilesError::Damaged { path: tree.path(path), reason: error.to_string() };
    serde_json::from_str(&text).map(Some).map_err(damaged)
}

/// The mesh that `mesh.json` tells of, see [`record`].
pub fn mesh(tree: &Tree, dir: &Path) -> Result<Option<Mesh>, FilesError> {
    Ok(record(tree, dir)?.map(|record| record.mesh))
}

/// `mesh.json`. A file that is there but cannot be understood is an error and never "no mesh".
pub fn record(tree: &Tree, dir: &Path) -> Result<Option<Record>, FilesError> {
    let Some(text) = text(tree, layout::RECORD)? else { return Ok(None) };
    let path = || tree.path(layout::RECORD);
    match record::read(&text) {
        Ok(read) => Ok(Some(Record { mesh: Mesh { dir: dir.to_owned(), ..read.mesh }, ..read })),
        Err(RecordError::Damaged(reason)) => Err(FilesError::Damaged { path: path(), reason }),
        Err(cause @ RecordError::Newer(_)) => Err(FilesError::Newer { path: path(), cause }),
    }
}

pub fn credentials(tree: &Tree) -> Result<Option<Credentials>, FilesError> {
    let Some(text) = text(tree, layout::CREDENTIALS)? else { return Ok(None) };
    let path = || tree.path(layout::CREDENTIALS);
    Credentials::parse(&text).map(Some).map_err(|cause| FilesError::Credentials { path: path(), cause })
}

pub fn saved_key(tree: &Tree, key: Key) -> Result<Option<SavedKey>, FilesError> {
    parse_secret(tree, &layout::key(key))
}

/// The clusters that have a key of their own to this one.
pub fn searchers_with_keys(tree: &Tree, cluster: ClusterId) -> Result<Vec<ClusterId>, DiskError> {
    Ok(tree.entries(cluster.to_string())?.iter().filter_map(|name| layout::searcher_of_key(name)).collect())
}

/// What was taken from the service's image. A record that cannot be read is as good as none.
pub fn seed_record(tree: &Tree, service: ServiceId) -> Option<SeedRecord> {
    parse(tree, &layout::seed_record(service)).ok().flatten()
}

/// `None` if there is nothing; a link or a directory is like no file.
pub fn digest_of_file(tree: &Tree, path: &str) -> Result<Option<String>, FilesError> {
    match tree.metadata(path)?.map(|found| found.kind) {
        None => Ok(None),
        Some(Kind::File) => Ok(tree.read(path)?.map(|bytes| digest_of(&[&bytes]))),
        Some(_) => Ok(Some(String::new())),
    }
}

fn seed_facts(tree: &Tree, service: ServiceId) -> Result<Option<SeedFacts>, FilesError> {
    let Some(SeedRecord { version, files }) = seed_record(tree, service) else { return Ok(None) };
    let (mut changed, mut missing) = (Vec::new(), Vec::new());
    for (name, digest) in files {
        match digest_of_file(tree, &layout::config(service, &name))? {
            None => missing.push(name),
            Some(found) if found != digest => changed.push(name),
            Some(_) => {}
        }
    }
    Ok(Some(SeedFacts { version, changed, missing }))
}

/// The names in the mesh's directory, without what a disk of its own has there.
pub fn entries(tree: &Tree) -> Result<Vec<String>, FilesError> {
    let metadata = tree.metadata_in("", &tree.entries("")?.iter().map(String::as_str).collect::<Vec<_>>())?;
    let of_disk = |(name, meta): &(String, FileMeta)| meta.kind == Kind::Directory && layout::is_of_disk(name);
    Ok(metadata.into_iter().filter(|entry| !of_disk(entry)).map(|(name, _)| name).collect())
}

/// The clusters that have a directory.
pub fn clusters(tree: &Tree) -> Result<Vec<ClusterId>, FilesError> {
    Ok(tree.entries("")?.iter().filter_map(|name| name.parse().ok()).collect())
}

/// A cluster's authorities, and nothing else of its directory.
pub fn authorities(tree: &Tree, cluster: ClusterId) -> Result<ClusterFiles, FilesError> {
    let secret = |path: &str| Ok::<_, FilesError>(text(tree, path)?.map(Secret::new));
    Ok(ClusterFiles {
        authority: text(tree, &layout::authority_certificate(cluster))?,
        authority_key: secret(&layout::authority_key(cluster))?,
        next_authority: text(tree, &layout::next_authority_certificate(cluster))?,
        next_authority_key: secret(&layout::next_authority_key(cluster))?,
        old_authority: text(tree, &layout::old_authority(cluster))?,
        retired_authorities: text(tree, &layout::retired_authorities(cluster))?,
        ..ClusterFiles::default()
    })
}

/// Everything a plan wants to know of a cluster's directory.
pub fn cluster(tree: &Tree, cluster: ClusterId, keys: &mut Keyring) -> Result<ClusterFiles, FilesError> {
    let secret = |path: &str| Ok::<_, FilesError>(text(tree, path)?.map(Secret::new));
    let service = |id: ServiceId| {
        Ok::<_, FilesError>(ServiceFiles {
            certificate: text(tree, &layout::certificate(id))?,
            certificate_key: secret(&layout::certificate_key(id))?,
            authority: text(tree, &layout::own_authority(id))?,
            settings: secret(&layout::settings(id))?,
            seeded: tree.metadata(layout::seed_marker(id))?.is_some(),
            seed: seed_facts(tree, id)?,
        })
    };
    let mut services = BTreeMap::new();
    let mut nodes = BTreeMap::new();
    for id in self::services(tree, cluster)? {
        services.insert(id, service(id)?);
        if let Some(id) = id.node() {
            nodes.insert(id.number, nodes::node(tree, id, keys)?);
        }
    }
    let key = |key: Key| {
        let file = |saved: SavedKey| {
            let digest = digest_of_secret(&Secret::new(saved.encoded));
            KeyFile { id: saved.id, expires: saved.expires, digest }
        };
        Ok::<_, FilesError>(saved_key(tree, key)?.map(file))
    };
    let mut link_keys = BTreeMap::new();
    for searcher in searchers_with_keys(tree, cluster)? {
        link_keys.extend(key(Key { of: cluster, searcher: Some(searcher) })?.map(|file| (searcher, file)));
    }
    Ok(ClusterFiles {
        services,
        nodes,
        uuid: text(tree, &layout::uuid(cluster))?.map(|uuid| uuid.trim().to_owned()),
        key: key(Key::shared(cluster))?,
        link_keys,
        ..authorities(tree, cluster)?
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_damaged_key_is_not_shown() {
        let temp = tempfile::tempdir().unwrap();
        let tree = Tree::create(temp.path(), 0o700).unwrap();
        tree.make_dir("cluster01", 0o700, None).unwrap();
        for text in [
            r#"{"id": "a", "encoded": "b", "expires": "hunter2"}"#,
            r#"{"id": "a", "encoded": {"hunter2": 1}}"#,
            r#"{"hunter2"#,
            r#""hunter2""#,
        ] {
            tree.write(layout::api_key(ClusterId::FIRST), text.as_bytes(), 0o600, None).unwrap();
            let error = saved_key(&tree, Key::shared(ClusterId::FIRST)).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains("(line 1, column ") && !error.contains("hunter2"), "{error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// What is read can be worked with: every name, port and address follows from it.
        #[test]
        fn no_record_makes_it_panic(at in 0usize..1000, length in 0usize..9, put in "[\\PC0-9a-z\"{}\\[\\],:.\n]{0,9}", garbage in "\\PC{0,30}") {
            let mut text = serde_json::to_string_pretty(&Mesh::example(3)).unwrap();
            let at = at % text.len();
            let end = (at + length).min(text.len());
            text.replace_range(at..end, &put);
            for text in [text, garbage] {
                if let Ok(Record { mesh, .. }) = record::read(&text) {
                    let services: Vec<_> = mesh.services().filter_map(|service| mesh.service(service)).collect();
                    prop_assert!(!services.is_empty());
                    let _ = (mesh.host_entries(), mesh.shared(ClusterId::FIRST), mesh.remote_settings(ClusterId::FIRST));
                }
            }
        }
    }
}
