//! Templates of the user's own: their texts reach the servers, and what is wrong with them is named.

use std::fs;

use crate::support::{links, mesh::Mesh};

#[test]
#[ignore = "takes a quarter of an hour: run by scripts/faults"]
fn a_template_of_ones_own_is_taken_and_given_back() {
    let mesh = Mesh::new("templates");
    mesh.create(&["2", "--no-kibana", "--no-hosts"]);
    for number in 1..=2 {
        links::write_document(&mesh.cluster(number));
    }
    let dir = mesh.path("templates");
    fs::create_dir(&dir).expect("should be writable");
    let built_in = include_str!("../../../templates/1/elasticsearch.yml");
    fs::write(dir.join("elasticsearch.yml"), format!("{built_in}node.attr.rack: {{{{ cluster }}}}\n"))
        .expect("should be writable");
    let path = dir.display().to_string();
    let before = mesh.credential("elastic");
    mesh.run(&["create", "--templates", &path, "--no-kibana"], 0);
    links::every_search_finds_all(&mesh, 2);
    let nodes = mesh.cluster(2).get("/_nodes/_local?filter_path=nodes.*.attributes.rack");
    assert!(nodes.to_string().contains(r#""rack":"cluster02""#), "{nodes}");
    let again = mesh.run(&["create"], 0).stdout;
    assert!(again.contains("nothing to do"), "the directory is remembered: {again}");
    assert_eq!(mesh.credential("elastic"), before);
    fs::write(dir.join("elasticsearch.yml"), "cluster.name: {{ clster }}\n").expect("should be writable");
    let refused = mesh.run(&["create"], 2).stderr;
    assert!(refused.contains("elasticsearch.yml:1") && refused.contains("--no-templates"), "{refused}");
    fs::remove_dir_all(dir).expect("should be ours");
    let unreadable = mesh.run(&["status"], 2).stderr;
    assert!(unreadable.contains(&path) && unreadable.contains("--no-templates"), "{unreadable}");
    mesh.run(&["create", "--no-templates"], 0);
    mesh.run(&["verify"], 0);
    let nodes = mesh.cluster(2).get("/_nodes/_local?filter_path=nodes.*.attributes.rack");
    assert!(!nodes.to_string().contains("rack"), "{nodes}");
}
