//! One mesh from its first `create` to its `reset`.

mod access;
mod create;
mod keystore;
mod limits;
mod manage;
mod reset;
mod secrets;

use crate::support::{Parts, docker, hosts, links, mesh::Mesh, snapshot::create_changes_nothing};

#[test]
#[ignore = "needs root, Docker and the images of images/: run by scripts/test"]
fn a_mesh_from_create_to_reset() {
    let parts = Parts::begin();
    let mesh = Mesh::new("lifecycle");
    let hosts_before = hosts::bytes();
    let volumes_before = docker::volumes();
    let asked = ["3", "--san", "mesh.example", "--san", "192.0.2.7"];

    parts.part("1: a run that is killed half-way, and the same again");
    create::killed_and_run_again(&mesh, &asked);

    parts.part("2: every cluster searches every other");
    (1..=3).for_each(|number| links::write_document(&mesh.cluster(number)));
    links::every_search_finds_all(&mesh, 3);
    links::are_wired(&mesh, 3);

    parts.part("3: a third run changes nothing, with and without what was asked");
    create_changes_nothing(&mesh, &asked);
    create_changes_nothing(&mesh, &[]);

    parts.part("4: names, access and Kibana");
    hosts::are_right(&mesh, &hosts_before);
    access::requires_credentials(&mesh);
    access::certificates_carry_names(&mesh, &["mesh.example", "192.0.2.7"]);
    access::ports_are_on_loopback_only(&mesh);
    limits::are_set(&mesh);
    limits::of_the_network_are_apart(&mesh);
    access::kibana_shows_its_banner(&mesh);
    access::a_key_grants_searches_only(&mesh);

    parts.part("5: secrets, modes and owners");
    secrets::show_nowhere(&mesh);
    secrets::are_guarded(&mesh);
    secrets::stay_out_of_other_containers(&mesh);
    keystore::is_read_by_elasticsearchs_own_tool(&mesh);

    parts.part("6: manage");
    manage::refuses_what_is_not_there(&mesh);
    manage::restarts_one(&mesh);
    manage::stops_and_starts_one(&mesh);
    manage::takes_one_down_and_up(&mesh);

    parts.part("7: one more, under traffic");
    create::grows_to_four_under_traffic(&mesh);
    links::every_search_finds_all(&mesh, 4);
    links::are_wired(&mesh, 4);
    hosts::are_right(&mesh, &hosts_before);

    parts.part("8: one less, with consent only");
    create::shrinks_only_with_consent(&mesh);
    links::are_wired(&mesh, 3);
    hosts::are_right(&mesh, &hosts_before);
    create_changes_nothing(&mesh, &["3"]);
    secrets::show_nowhere(&mesh);

    parts.part("9: a reset that is not meant, and a new mesh that cannot be");
    reset::needs_consent(&mesh);
    reset::keeps_the_old_mesh_if_the_new_cannot_be(&mesh);

    parts.part("10: afresh");
    reset::starts_afresh(&mesh);
    hosts::are_right(&mesh, &hosts_before);
    secrets::show_nowhere(&mesh);

    parts.part("11: the end of what is left");
    reset::removes_what_is_left(&mesh, &hosts_before, &volumes_before);
    parts.part("done");
}
