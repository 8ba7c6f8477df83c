//! What Docker says of a container that it cannot start. Pure.

use super::refused;

#[test]
fn a_limit_that_docker_may_not_set() {
    insta::assert_snapshot!(refused("failed to create shim: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error setting rlimits for ready process: error setting rlimit type 8: operation not permitted: unknown"), @r"
    Docker may not set a limit of processes that something asks for on this machine
    -
    `mesh` asks for none: take `default-ulimits` out of /etc/docker/daemon.json, and restart Docker
    ");
}

#[test]
fn a_port_outside() {
    insta::assert_snapshot!(refused("driver failed programming external connectivity on endpoint cluster01-elastic (ca65c7817f32): Error starting userland proxy: listen tcp4 127.0.0.1:9201: bind: address already in use"), @r"
    a port that it needs is taken
    -
    see by whom with `mesh doctor`; stop that, or publish the mesh on another address with `mesh create --bind ADDRESS`
    ");
}

#[test]
fn a_port_of_another_container() {
    insta::assert_snapshot!(refused("driver failed programming external connectivity on endpoint cluster01-elastic (ca65c7817f32): Bind for 127.0.0.1:9201 failed: port is already allocated"), @r"
    a port that it needs is taken
    -
    see by whom with `mesh doctor`; stop that, or publish the mesh on another address with `mesh create --bind ADDRESS`
    ");
}

#[test]
fn an_address_that_is_taken() {
    insta::assert_snapshot!(refused("Address already in use"), @r"
    another container has its address in the mesh's network
    -
    see which with `docker network inspect data-mesh-network`, and remove that
    ");
}

#[test]
fn a_mount_that_is_gone() {
    insta::assert_snapshot!(refused(r#"invalid mount config for type "bind": bind source path does not exist: /mnt/data/mesh/cluster01/elastic/data"#), @r"
    a directory that it mounts is gone
    -
    `mesh create` makes it again
    ");
}
