//! What every setting says of itself in a record, read back. Compiled for tests only.
//!
//! A value that the record does not keep whole is drift that no run can end.

use std::{collections::BTreeSet, path::Path};

use proptest::prelude::*;

use super::{ClusterSettings, MeshSpec, Overrides, Setting, define::Scope};

/// Texts of every setting that a mesh keeps, as odd as they are accepted.
const VALUES: &[(&str, &[&str])] = &[
    ("stack_version", &["08.019.0001"]),
    ("registry", &["registry.local:5000/a/b"]),
    ("kibana", &["FALSE"]),
    ("kibana", &["True"]),
    ("nodes", &["[{}, {}, {}]"]),
    ("nodes", &["[~, {roles: [master, voting_only]}, {elastic_memory: 1024M}]"]),
    ("nodes", &["03"]),
    ("nodes", &["[{roles: []}, {}]"]),
    ("profile", &["smoke"]),
    ("elastic_memory", &["2048MiB"]),
    ("elastic_memory", &["1537m"]),
    ("kibana_memory", &["1GB"]),
    ("bind", &["::"]),
    ("bind", &["::ffff:192.0.2.1"]),
    ("advertise", &[""]),
    ("advertise", &["2001:DB8:0::1"]),
    ("advertise_bind", &[""]),
    ("advertise_bind", &["0.0.0.0"]),
    ("gateway", &[""]),
    ("gateway", &["[2001:DB8::1]:0443"]),
    ("gateway", &["[fe80::1%2]:443"]),
    ("gateway_cert", &[""]),
    ("gateway_cert", &["a b/ü.crt"]),
    ("gateway_key", &[""]),
    ("gateway_key", &["../\"x\".key"]),
    ("gateway_image", &[""]),
    ("gateway_image", &["r:5000/a@sha256:00ff"]),
    ("hosts", &["False"]),
    ("share", &[]),
    ("share", &["*"]),
    ("share", &["logs-*", "logs-*"]),
    ("roles", &["{}"]),
    ("roles", &[r#"{a: {indices: [{names: ['', x, "\u0007\": #"], privileges: []}], on: [1, '3-5', 2]}}"#]),
    ("roles", &["{'1': {remote: [{clusters: [], names: ['<a*>']}], cluster: ['']}, 'null': {cluster: [~x]}}"]),
    ("users", &["{}"]),
    ("users", &["{'true': {roles: [viewer, viewer]}, '1': {roles: [a], on: ['2', 1]}}"]),
    ("data_set", &["FALSE"]),
    ("data_set", &["true"]),
    ("topology", &["{hub: 07, both: TRUE}"]),
    ("topology", &["hub:099"]),
    ("topology", &["none"]),
    ("san", &[]),
    ("san", &["*.VM.example", "::0001", "010.example"]),
    ("key_days", &["0090"]),
    ("passphrase_words", &["08"]),
    ("templates", &[""]),
    ("templates", &["a/../b c"]),
    ("settings", &[]),
    (
        "settings",
        &["a.b=9.10", "a.c=[9.10,1e3,\"\",true]", "a.d=", "a.e=\"null\"", "a.f=18446744073709551616", "a.g=-0"],
    ),
    ("kibana_settings", &["a.b=\u{85}\u{2028}", "a.c=null x", "a.d=0.1", "a.e=1E5"]),
    ("secure_settings", &[""]),
    ("secure_settings", &["s.yaml"]),
    ("snapshots", &["off"]),
    ("snapshots", &["{repository: off, keep: {most: 60}, late_after: 2d}"]),
    ("snapshots", &["{}"]),
    ("snapshots", &["{repository: {type: fs}, schedule: '  '}"]),
    ("snapshots", &["{repository: '/mnt/a \"b\" {c}/'}"]),
    ("snapshots", &["/mnt/#1: x/"]),
    (
        "snapshots",
        &[
            "{repository: {type: s3, bucket: '', base_path: /}, feature_states: [], keep: {for: 25h, least: 1, most: 1}}",
        ],
    ),
    ("snapshots", &["{schedule: '0 30 1 * * ? ', indices: ['', '-x'], late_after: 876000h}"]),
];

fn read(name: &str, texts: &[&str]) -> Option<Overrides> {
    let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
    let of = |other: &'static Setting| (other.name == name).then(|| texts.clone());
    Overrides::read(Path::new("/etc/mesh"), of).ok()
}

/// Whether a record of a mesh, and of one of its clusters where it may differ, says what `overrides` set.
fn assert_read_back(name: &str, overrides: &Overrides) {
    let mut spec = MeshSpec::default();
    spec.set(overrides);
    let record = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<MeshSpec>(&record).unwrap(), spec, "{name}: {record}");
    if Setting::of(name).scope == Scope::Cluster {
        let settings = ClusterSettings::of(overrides);
        assert_eq!(settings.as_overrides(), overrides, "{name}");
        let record = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<ClusterSettings>(&record).unwrap(), settings, "{name}: {record}");
    }
}

#[test]
fn every_value_that_is_accepted_is_read_back_from_a_record() {
    let kept = Overrides::from(MeshSpec::default()).values();
    let names: BTreeSet<&str> = VALUES.iter().map(|(name, _)| *name).collect();
    assert!(names.iter().eq(kept.keys()), "each has its odd values: {names:?}");
    for (name, texts) in VALUES {
        let overrides = read(name, texts).unwrap_or_else(|| panic!("{name} should take {texts:?}"));
        assert_read_back(name, &overrides);
    }
}

proptest! {
    /// Whatever stands in a text that a mapping holds.
    #[test]
    fn texts_in_mappings_are_read_back_from_a_record(text in "\\PC{0,8}|(?s:.{0,8})") {
        let json = serde_json::to_string(&text).expect("should be JSON");
        let indices = format!("{{indices: [x, {json}], repository: {{type: s3, bucket: {json}, base_path: {json}}}}}");
        let role = format!("{{a: {{indices: [{{names: [x, {json}]}}], cluster: [{json}]}}}}");
        let line = format!("a.b=[{json}]");
        let path = format!("/{text}");
        for (name, value) in [("snapshots", indices), ("roles", role), ("settings", line), ("snapshots", path)] {
            if let Some(overrides) = read(name, &[&value]) {
                assert_read_back(name, &overrides);
            }
        }
    }
}
