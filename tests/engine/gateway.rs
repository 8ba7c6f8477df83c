//! The port of a gateway: refused before anything is changed where a program, a cluster or another mesh has it.

use std::{fs, net::TcpListener};

use crate::{
    place::{EMPTY, Place},
    support::{docker::docker, free_address},
};

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_port_of_the_gateway_that_is_taken() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let printed = place.refused(&["create", "1", "--gateway", &address.to_string()], 3);
    let owner = format!("port {} of the gateway is taken by", address.port());
    assert!(printed.contains(&owner) && printed.contains(&format!("(pid {})", std::process::id())), "{printed}");
    let printed = place.refused(&["create", "1", "--gateway", "127.0.0.1:9201"], 2);
    assert!(printed.contains("port 9201 of the gateway is one that the mesh publishes for a cluster"), "{printed}");

    // a container that does not run has no port, and is to have it again
    let empty = place.dir.path().join("empty.tar");
    fs::write(&empty, [0; 1024]).unwrap();
    docker(&["import", empty.to_str().unwrap(), EMPTY]);
    let (free, name) = (free_address().to_string(), "other-mesh-gateway");
    let gateway = format!("mesh.gateway={free}");
    let labels = ["--label", "mesh.id=ffff", "--label", "mesh.dir=/srv/other", "--label", "mesh.name=other"];
    docker(&[&["create", "--name", name, "--label", &gateway], &labels[..], &[EMPTY, "true"]].concat());
    let printed = place.refused(&["create", "1", "--gateway", &free], 2);
    docker(&["rm", name]);
    assert!(printed.contains("is one that another mesh of this machine has, or is about to have"), "{printed}");
}
