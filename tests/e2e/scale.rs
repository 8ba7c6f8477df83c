//! A mesh that grows and shrinks under load: the clusters that stay notice nothing.

use crate::support::{Parts, docker::container, links, load::Load, mesh::Mesh};

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn growing_and_shrinking_fails_no_request() {
    let parts = Parts::begin();
    let mesh = Mesh::new("scale");
    mesh.create(&["3", "--no-kibana", "--no-hosts"]);
    (1..=3).for_each(|number| links::write_document(&mesh.cluster(number)));
    let started = |number: u8| container(&mesh.cluster(number).elastic())["State"]["StartedAt"].clone();
    let before = [1, 2, 3].map(started);

    let load = Load::begin(&mesh, 2);
    parts.part("3 → 6");
    mesh.run(&["create", "6"], 0);
    parts.part("6 → 2");
    mesh.run(&["create", "2", "--yes"], 0);
    let printed = load.end();
    println!("          {printed:?}");
    assert_eq!((printed.failed_writes, printed.failed_searches), (0, 0), "{printed:?}");
    assert!(printed.writes > 50 && printed.searches > 50, "it should have been a load: {printed:?}");
    assert_eq!([1, 2].map(started), before[..2], "no container that stays was started again");
    for number in 1..=2 {
        let found = mesh.cluster(number).get("/mesh-load/_count");
        assert_eq!(found["count"].as_u64(), Some(printed.writes_on(number)), "every write that was taken is there");
    }
    parts.part("done");
}
