//! Runs that are killed at some of their stages: the same command again ends in the mesh that was asked for. Every
//! stage of `create` is in `create.rs`.

use serde_json::Value;

use crate::support::{
    Parts,
    docker::docker,
    interrupted::{FOR_EVER, create_without_kibana, is_gone_after_reset, is_whole_after, kill_after_stage_and_steps},
    mesh::{IMAGES, Mesh},
    wait_for,
};

#[test]
#[ignore = "takes a quarter of an hour: run by scripts/faults"]
fn the_same_command_completes_killed_runs() {
    let parts = Parts::begin();
    let mesh = Mesh::new("kills");
    for stages in [2, 9, 10] {
        parts.part(&format!("`create 3` killed after stage {stages}"));
        let killed = create_without_kibana(&mesh, "3").kill_after(Some(stages), FOR_EVER);
        assert!(killed.is_some(), "should have been killed");
        is_whole_after(&mesh, &["create", "3"], 3);
        mesh.run(&["reset", "--yes"], 0);
    }
    parts.part(
        "`create 3` killed while clusters are linked; a container of a run before it appears after this one has looked",
    );
    let running = create_without_kibana(&mesh, "3");
    let heard = running.stderr();
    wait_for("the record", FOR_EVER, || heard.text().contains("✓ record the mesh").then_some(()));
    let record: Value = serde_json::from_str(&mesh.read("mesh.json")).expect("should be JSON");
    let label = format!("mesh.id={}", record["id"].as_str().expect("should have an id"));
    docker(&["create", "--name", "cluster02-elastic", "--label", &label, IMAGES[0]]);
    kill_after_stage_and_steps(running, "set roles and users", 2);
    is_whole_after(&mesh, &["create", "3"], 3);
    parts.part("`manage restart` loses its terminal, is killed, and typed again");
    let ended = mesh.start(&["manage", "restart", "1", "3"]);
    let heard = ended.stderr();
    let ended = ended.ask_to_end("-HUP", "a first stage", || heard.stages() > 0);
    assert_eq!(ended.exit, Some(4), "{}", ended.stderr);
    assert!(ended.stderr.contains("hint: type the same command again"), "{}", ended.stderr);
    assert!(mesh.start(&["manage", "restart", "1", "3"]).kill_after(Some(1), FOR_EVER).is_some());
    is_whole_after(&mesh, &["manage", "restart", "1", "3"], 3);
    parts.part("`reset` is killed, and typed again");
    assert!(mesh.start(&["reset", "--yes"]).kill_after(Some(1), FOR_EVER).is_some());
    is_gone_after_reset(&mesh);
    parts.part("done");
}
