//! What Docker says of a container that it cannot start. Pure.

use super::*;

#[test]
fn a_limit_that_docker_may_not_set() {
    insta::assert_snapshot!(refused("failed to create shim: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error setting rlimits for ready process: error setting rlimit type 8: operation not permitted: unknown"), @r"
    Docker may not set a limit of processes that something asks for on this machine
    -
    `mesh` asks for none: take `default-ulimits` out of /etc/docker/daemon.json, and restart Docker
    ");
}

#[test]
fn firewall_rules_that_are_gone() {
    let causes = "
    Docker's own firewall rules are gone: the firewall was flushed or reloaded after Docker was started
    -
    `systemctl restart docker` sets them again (where there is no systemd, end dockerd and start it), and containers come back by themselves; then type the command again
    ";
    let lines: Vec<&str> = causes.trim().lines().map(str::trim).collect();
    for words in [
        "driver failed programming external connectivity on endpoint cluster01-elastic (479f25b7b329):  (iptables failed: iptables --wait -t nat -A DOCKER -p tcp -d 127.0.0.1 --dport 9401 -j DNAT --to-destination 10.213.0.11:9443 ! -i br-9d5: iptables: No chain/target/match by that name.\n (exit status 1))",
        "Failed to Setup IP tables: Unable to enable SKIP DNAT rule:  (iptables failed: iptables --wait -t nat -I DOCKER -i br-2d280870a331 -j RETURN: iptables: No chain/target/match by that name.\n (exit status 1))",
        "Failed to Setup IP tables: Unable to enable NAT rule:  (iptables failed: iptables --wait -I FORWARD -j DOCKER: iptables v1.8.9 (nf_tables): Chain 'DOCKER' does not exist\n (exit status 2))",
    ] {
        assert_eq!(refused(words), lines.join("\n"));
        assert!(lacks_firewall(&Mesh::example(1), words));
    }
    let other = "Failed to Setup IP tables: (iptables failed: iptables --wait -t nat -N DOCKER: Permission denied)";
    assert!(
        !lacks_firewall(&Mesh::example(1), other)
            && refused(other).starts_with("Docker cannot set its firewall rules\n")
    );
}

/// A network is no service's, and neither is its remedy.
#[test]
fn a_cause_of_no_service_names_none() {
    let known = |words: &str| of_docker(&Mesh::example(1), None, words);
    assert!(known("iptables: No chain/target/match by that name").is_some_and(|known| !known.remedy.contains('{')));
    assert_eq!(known("No space left on device"), None);
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

#[test]
fn an_address_that_the_machine_has_not_yet() {
    insta::assert_snapshot!(refused("driver failed programming external connectivity on endpoint cluster01-elastic (ca65c7817f32): failed to bind host port 192.0.2.11:9401/tcp: cannot assign requested address"), @r"
    this machine had no such address when Docker started it, and Docker does not try again
    -
    when `ip address` shows it, `mesh manage start 1`; `sysctl -w net.ipv4.ip_nonlocal_bind=1`, kept in /etc/sysctl.d, lets Docker start it before; another address: `mesh create --advertise ADDRESS`, or `--bind ADDRESS`
    ");
    insta::assert_snapshot!(refused("driver failed programming external connectivity on endpoint cluster01-elastic (ca65c7817f32): Error starting userland proxy: listen tcp4 192.0.2.11:9401: bind: cannot assign requested address"), @r"
    this machine had no such address when Docker started it, and Docker does not try again
    -
    when `ip address` shows it, `mesh manage start 1`; `sysctl -w net.ipv4.ip_nonlocal_bind=1`, kept in /etc/sysctl.d, lets Docker start it before; another address: `mesh create --advertise ADDRESS`, or `--bind ADDRESS`
    ");
}
