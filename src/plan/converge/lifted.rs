//! Meshes whose record is of format 1: the lift plans nothing, and wherever it or a later run stops, the end is the
//! same. Pure.

use super::{fingerprints::made_by_an_older_program, model::Model, plan_for};
use crate::mesh::{
    Mesh,
    record::{FORMAT, read},
    settings::Memory,
};

/// As the last program of format 1 wrote them; the second one in the middle of an upgrade.
const RECORDS: [&str; 2] = [
    include_str!("../../../tests/fixtures/v1/whole/mesh.json"),
    include_str!("../../../tests/fixtures/v1/upgrading/mesh.json"),
];

fn recorded(text: &str) -> (u32, Mesh) {
    let record = read(text).unwrap();
    (record.format, Mesh { dir: "/mnt/data/mesh".into(), ..record.mesh })
}

/// What `mesh.json` tells at each stop of the lift. The old record is copied beside it first, and then it is replaced
/// at once, so it is of format 1 until it is of this one.
fn stops_of_the_lift(text: &str) -> [(u32, Mesh); 2] {
    let (format, mesh) = recorded(text);
    let lifted = recorded(&serde_json::to_string_pretty(&mesh).unwrap());
    [(format, mesh), lifted]
}

/// What the program of that record left.
fn left_behind(mesh: &Mesh) -> Model {
    let mut model = made_by_an_older_program(mesh);
    model.there.record = Some(mesh.clone());
    model
}

#[test]
fn the_lift_plans_nothing_wherever_it_stops() {
    for text in RECORDS {
        let stops = stops_of_the_lift(text);
        assert_eq!(stops.each_ref().map(|(format, _)| *format), [1, FORMAT]);
        assert_eq!(stops[0].1, stops[1].1, "the lift should change nothing that a record tells");
        let model = left_behind(&stops[0].1);
        for (_, mesh) in &stops {
            let plan = plan_for(mesh, &model);
            assert!(plan.is_empty(), "{plan}");
        }
    }
}

/// Changes of a mesh of format 1, with or without the lift before them.
#[test]
fn wherever_a_change_of_a_lifted_mesh_stops_the_next_run_reaches_the_same_end() {
    type Change = fn(Mesh) -> Mesh;
    let changes: [Change; 3] = [
        |mesh| mesh.with_count(4),
        |mesh| mesh.with_count(2),
        |mut mesh| {
            mesh.spec.elastic_memory = Memory::gibibytes(3);
            mesh
        },
    ];
    let mut walks = 0;
    for (text, change) in RECORDS.iter().flat_map(|text| changes.map(|change| (text, change))) {
        for (format, mesh) in stops_of_the_lift(text) {
            let (start, wanted) = (left_behind(&mesh), change(mesh));
            for half in start.states_of(&wanted, &plan_for(&wanted, &start)) {
                let done = half.converge(&wanted);
                done.assert_is(&wanted);
                done.assert_keeps_data_of(&start);
                walks += usize::from(format == 1);
            }
        }
    }
    assert!(walks > 100, "{walks} interrupted runs");
}

/// The upgrade that was in progress goes on from wherever it stops, by the record as it is written then.
#[test]
fn an_upgrade_that_a_program_of_format_1_began_is_completed_wherever_it_stops() {
    let [_, upgrading] = RECORDS;
    for (_, mesh) in stops_of_the_lift(upgrading) {
        let start = left_behind(&mesh);
        let version = mesh.spec.stack_version;
        let whole = start.upgrade(version);
        assert!(whole.stops().len() > 15, "{} steps", whole.stops().len());
        for half in whole.stops() {
            let mut half = half.clone();
            let text = serde_json::to_string_pretty(half.there.record.as_ref().unwrap()).unwrap();
            half.there.record = Some(recorded(&text).1);
            let done = half.upgrade(version).end();
            done.assert_is(&mesh.clone().of_version(version));
            done.assert_keeps_data_and_keys_of(&start);
        }
    }
}
