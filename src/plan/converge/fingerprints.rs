//! Which containers a newer program replaces: none that is as wanted, however its label was made. Pure.

use super::{
    model::{Model, inputs},
    plan_for, wishes,
};
use crate::{
    mesh::{
        Mesh, fingerprint::is_of_this_scheme, id::ClusterId, secret::Secret, settings::Memory, templates::Templates,
    },
    plan::{Step, reconcile::reconcile},
};

/// A label as programs made it whose fingerprint was a digest of Rust's `Debug`: it says nothing about the scheme.
const OF_SCHEME_1: &str = "0123456789abcdef0123456789abcdef";

pub(super) fn made_by_an_older_program(mesh: &Mesh) -> Model {
    let mut model = Model::empty().converge(mesh);
    for container in model.there.containers.values_mut() {
        container.fingerprint = Some(OF_SCHEME_1.to_owned());
    }
    model
}

#[test]
fn containers_of_an_older_scheme_keep_running_while_they_are_as_wanted() {
    for mesh in wishes() {
        let model = made_by_an_older_program(&mesh);
        let plan = plan_for(&mesh, &model);
        assert!(plan.is_empty(), "{plan}");
        let mut stopped = model.clone();
        stopped.stop_all();
        let plan = plan_for(&mesh, &stopped);
        assert!(!plan.steps().any(|step| matches!(step, Step::CreateContainer(_))), "{plan}");
    }
}

#[test]
fn a_container_of_an_older_scheme_is_replaced_when_it_is_not_as_wanted() {
    type Change = fn(&mut Mesh, &mut Model);
    let mesh = Mesh::example(2);
    let start = made_by_an_older_program(&mesh);
    let changes: [(Change, &str); 7] = [
        (|mesh, _| mesh.spec.kibana_memory = Memory::gibibytes(3), "memory 2g → 3g"),
        (
            |mesh, _| mesh.spec.elastic_memory = Memory::gibibytes(3),
            "memory 2g → 3g, JVM options -Xms974m -Xmx974m → -Xms1486m -Xmx1486m",
        ),
        (|mesh, _| mesh.spec.bind = [0, 0, 0, 0].into(), "ports 127.0.0.1:5601:5601/tcp → 0.0.0.0:5601:5601/tcp"),
        (|mesh, _| mesh.owner.uid = 5, "user 999:0 → 5:0"),
        (
            |mesh, _| {
                mesh.templates = Templates::around_the_built_in([""; 3], ["\nxpack.ml.enabled: false\n", "", ""]);
            },
            "setting xpack.ml.enabled none → false",
        ),
        (
            |_, model| model.there.credentials.as_mut().unwrap().kibana_system = Some(Secret::new("another")),
            "setting elasticsearch.password changes",
        ),
        (
            |_, model| {
                let files = model.files(ClusterId::FIRST).services.get_mut(&ClusterId::FIRST.kibana()).unwrap();
                files.settings = Some(Secret::new("server.name: other\n"));
            },
            "setting server.name \"other\" → \"cluster01-kibana\"",
        ),
    ];
    for (change, expected) in changes {
        let (mut wanted, mut model) = (mesh.clone(), start.clone());
        change(&mut wanted, &mut model);
        let plan = plan_for(&wanted, &model);
        assert!(plan.to_string().contains(expected), "{expected} should be in\n{plan}");
        for stop in 0..=plan.steps().count() {
            let done = model.clone().carry_out_all(&wanted, plan.steps().take(stop)).converge(&wanted);
            assert!(reconcile(&wanted, &done.observe(), &inputs()).is_empty());
            for (service, before) in &start.there.containers {
                let now = &done.there.containers[service];
                assert_eq!(
                    now.id == before.id,
                    !now.fingerprint.as_deref().is_some_and(is_of_this_scheme),
                    "{service} by {expected}"
                );
            }
        }
    }
}

#[test]
fn a_comment_in_a_template_restarts_nothing() {
    let mesh = Mesh::example(1);
    let model = Model::empty().converge(&mesh);
    let mut commented = mesh.clone();
    commented.templates = Templates::around_the_built_in(["# why\n", "", ""], ["", "# why\n", ""]);
    insta::assert_snapshot!(plan_for(&commented, &model), @r"
    write settings
      ~ settings of cluster01-elastic
      ~ settings of cluster01-kibana
    ");
    model.converge(&commented).assert_is(&commented);
}

#[test]
fn what_differs_in_a_container_that_is_replaced_is_shown() {
    let mesh = Mesh::example(1);
    let mut bigger = mesh.clone();
    bigger.spec.elastic_memory = Memory::gibibytes(3);
    bigger.spec.registry = "mesh.local".parse().unwrap();
    let mut model = Model::empty().converge(&mesh);
    // what it was made from is unknown
    model.there.containers.get_mut(&ClusterId::FIRST.kibana()).unwrap().fingerprint = None;
    let plan = plan_for(&Mesh { spec: bigger.spec, ..mesh.clone() }, &model);
    let removals = plan.stages.iter().find(|stage| stage.title == "remove containers").unwrap();
    let texts: Vec<String> = removals.steps.iter().map(|step| step.describe(None).text).collect();
    insta::assert_snapshot!(texts.join("\n"), @r"
    container cluster01-elastic: image docker.elastic.co/elasticsearch/elasticsearch:9.5.3 → mesh.local/elasticsearch/elasticsearch:9.5.3, memory 2g → 3g, JVM options -Xms974m -Xmx974m → -Xms1486m -Xmx1486m
    container cluster01-kibana: image docker.elastic.co/kibana/kibana:9.5.3 → mesh.local/kibana/kibana:9.5.3
    ");
    let plan = plan_for(&mesh, &model);
    assert!(plan.to_string().contains("cluster01-kibana: unknown change (only the fingerprint differs)"), "{plan}");
}
