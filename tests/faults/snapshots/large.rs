//! One gibibyte, saved and restored; it prints how long both take.

use super::{TEXT, content, load};
use crate::support::{Parts, mesh::Mesh};

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn a_gibibyte_is_saved_and_comes_back() {
    let parts = Parts::begin();
    let mesh = Mesh::new("large");
    mesh.create(&["1", "--no-kibana"]);
    parts.part("load");
    let count = (1 << 30) / TEXT;
    load(&mesh, 0, count);
    let orders = content(&mesh, "orders");
    assert_eq!(orders[0], count);
    let stats = mesh.cluster(1).get("/orders/_stats/store?filter_path=_all.primaries.store");
    let bytes = stats["_all"]["primaries"]["store"]["size_in_bytes"].as_f64().unwrap_or_default();

    let print = |what: &str, took: f64| {
        println!("{what}: {:.0} MiB in {took:.1} s, {:.0} MB/s", bytes / f64::from(1 << 20), bytes / 1e6 / took);
    };
    parts.part("save, then save again what is saved already");
    print("create", mesh.run(&["snapshots", "create"], 0).took.as_secs_f64());
    print("create again", mesh.run(&["snapshots", "create"], 0).took.as_secs_f64());
    parts.part("restore");
    mesh.cluster(1).delete("/orders", None);
    print("restore", mesh.run(&["snapshots", "restore", "1", "last"], 0).took.as_secs_f64());
    assert_eq!(content(&mesh, "orders"), orders);
    parts.part("done");
}
