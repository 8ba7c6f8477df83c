//! Manifests of meshes in several forms.

use std::{collections::BTreeSet, path::Path};

use super::*;
use crate::mesh::{
    example::recorded_settings,
    peers::Guest,
    settings::{KeyDays, Overrides, file},
};

fn export(mesh: &Mesh) -> Move<'_> {
    let namespace = Box::leak(Box::new("mesh".parse().unwrap()));
    let volume = Box::leak(Box::new("10Gi".parse().unwrap()));
    Move { mesh, namespace, image: None, volume, storage_class: None }
}

fn text(export: &Move<'_>, name: &str) -> String {
    let file = export.files().into_iter().find(|file| file.name == name).unwrap_or_else(|| panic!("{name}"));
    assert!(is_own(&file.name) && !file.is_private);
    String::from_utf8(file.text).unwrap()
}

fn with(mesh: Mesh, settings: &str) -> Mesh {
    let (overrides, _) = file::read("mesh.yaml", Path::new(""), settings).unwrap();
    let mut mesh = mesh;
    mesh.spec = mesh.spec.with(&overrides);
    mesh
}

#[test]
fn two_clusters_that_search_each_other() {
    insta::assert_snapshot!(text(&export(&Mesh::example(2)), CLUSTERS));
}

#[test]
fn only_clusters_that_are_searched_open_their_remote_server() {
    let mesh = with(Mesh::example(3).without_kibana(), "topology: {hub: 1}\n");
    let text = text(&export(&mesh), CLUSTERS);
    let documents: Vec<&str> = text.split("---\n").collect();
    let has = |at: usize, what: &str| documents[at].contains(what);
    assert_eq!([0, 1, 2].map(|at| has(at, "remoteClusterServer")), [false, true, true]);
    assert_eq!([0, 1, 2].map(|at| has(at, "remoteClusters:")), [true, false, false]);
}

#[test]
fn a_cluster_that_only_guests_search_opens_its_remote_server_too() {
    let mut mesh = with(Mesh::example(2).without_kibana(), "topology: none\n");
    let guest = Guest { on: "2".parse().unwrap(), share: Vec::new(), days: KeyDays::default() };
    mesh.guests.insert("berlin".parse().unwrap(), guest);
    let text = text(&export(&mesh), CLUSTERS);
    let has: Vec<bool> = text.split("---\n").map(|document| document.contains("remoteClusterServer")).collect();
    assert_eq!(has, [false, true]);
}

#[test]
fn roles_and_snapshots_are_one_policy_for_all_clusters() {
    let settings = "roles:\n  analyst: {indices: [{names: [mesh-*]}], remote: [{clusters: ['*'], names: [mesh-*]}]}\n\
                    snapshots: {repository: {type: s3, bucket: saved}, schedule: '0 30 1 * * ?'}\n";
    insta::assert_snapshot!(text(&export(&with(Mesh::example(2), settings)), POLICY));
}

#[test]
fn a_mirror_and_a_storage_class_are_named_and_notes_name_what_is_left_out() {
    let mesh = with(Mesh::example(1), "snapshots: fs\nkibana_memory: 1536m\n");
    let (image, storage_class) = ("registry.example:5000".parse().unwrap(), "fast".parse().unwrap());
    let export = Move { image: Some(&image), storage_class: Some(&storage_class), ..export(&mesh) };
    let clusters = text(&export, CLUSTERS);
    for part in [
        "image: registry.example:5000/elasticsearch/elasticsearch:9.5.3",
        "image: registry.example:5000/kibana/kibana:9.5.3",
        "storageClassName: fast",
        "memory: 1536Mi",
    ] {
        assert!(clusters.contains(part), "{part}: {clusters}");
    }
    let notes = text(&export, NOTES);
    assert!(notes.contains("kubectl create namespace mesh") && notes.contains("on a disk"), "{notes}");
    assert!(notes.contains(
        "* Data views are not exported, and each Kibana there needs its own: local-data-set, mesh-data-set.\n"
    ));
    assert!(notes.contains("`kubectl get secret -n mesh clusterNN-es-elastic-user`"), "{notes}");
}

/// What no manifest and no note is different by, and why.
const NOT_EXPORTED: &[(&str, &str)] = &[
    ("stack_version", "the example is the default"),
    ("registry", "`--image` names a mirror"),
    ("advertise", "of this machine"),
    ("advertise_bind", "of this machine"),
    ("bind", "of this machine"),
    ("hosts", "of this machine"),
    ("gateway_cert", "the note on the gateway is enough"),
    ("gateway_key", "the note on the gateway is enough"),
    ("gateway_image", "the note on the gateway is enough"),
    ("key_days", "keys do not expire there, as the notes say"),
    ("passphrase_words", "passwords are new, as the notes say"),
    ("snapshots", "the note on directories is there by default"),
];

/// A new setting is in a manifest or a note, or has a line above.
#[test]
fn every_setting_is_exported_or_has_no_meaning_there() {
    let files = |mesh: &Mesh| {
        let files = export(mesh).files().into_iter();
        files.map(|file| (file.name, String::from_utf8(file.text).unwrap())).collect::<Vec<_>>()
    };
    let usual = files(&Mesh::example(2));
    let shown = |example: &Overrides| files(&Mesh::example(2).with_settings(example)) != usual;
    let silent = recorded_settings().into_iter().filter(|(_, example)| !shown(example)).map(|(name, _)| name);
    let named = NOT_EXPORTED.iter().map(|(name, _)| *name);
    assert_eq!(silent.collect::<BTreeSet<_>>(), named.collect::<BTreeSet<_>>());
}
