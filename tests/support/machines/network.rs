//! The wires of the machines: a network namespace each, and one with the bridge between them, where no rules of this
//! machine's firewall are.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The namespace that the bridge is in.
const BETWEEN: &str = "mesh-machines";

/// Runs a program with the arguments of a line, which has to succeed.
fn succeed(program: &str, line: &str) {
    let output = Command::new(program).args(line.split(' ')).output();
    let output = output.unwrap_or_else(|error| panic!("{program} should be installed: {error}"));
    assert!(output.status.success(), "`{program} {line}`: {}", String::from_utf8_lossy(&output.stderr));
}

fn ip(line: &str) {
    succeed("ip", line);
}

fn namespace(number: u8) -> String {
    format!("mesh-machine{number}")
}

/// The file by which a machine's network namespace is entered.
pub fn file(number: u8) -> PathBuf {
    Path::new("/run/netns").join(namespace(number))
}

/// A bridge without a machine on it.
pub fn lay() {
    ip(&format!("netns add {BETWEEN}"));
    ip(&format!("-n {BETWEEN} link add bridge type bridge"));
    ip(&format!("-n {BETWEEN} link set bridge up"));
}

/// A machine's namespace, with nothing but its own loopback.
pub fn add(number: u8) {
    let namespace = namespace(number);
    ip(&format!("netns add {namespace}"));
    ip(&format!("-n {namespace} link set lo up"));
}

/// A wire from the bridge to a machine's namespace.
pub fn plug(number: u8, address: &str) {
    let namespace = namespace(number);
    // a network card keeps its address
    let card = format!("eth0 address 02:00:0a:63:00:{number:02x}");
    ip(&format!("link add wire{number} netns {BETWEEN} type veth peer name {card} netns {namespace}"));
    ip(&format!("-n {BETWEEN} link set wire{number} master bridge up"));
    add_address(number, address);
    ip(&format!("-n {namespace} link set eth0 up"));
}

/// The wire is gone, and the namespace with all that an engine made in it.
pub fn remove(number: u8) {
    ip(&format!("-n {BETWEEN} link delete wire{number}"));
    ip(&format!("netns delete {}", namespace(number)));
}

pub fn add_address(number: u8, address: &str) {
    ip(&format!("-n {} address add {address}/24 dev eth0", namespace(number)));
}

pub fn remove_address(number: u8, address: &str) {
    ip(&format!("-n {} address delete {address}/24 dev eth0", namespace(number)));
}

/// The bridge's side of a wire: where it is down nothing comes and nothing is closed.
pub fn set_wire(number: u8, state: &str) {
    ip(&format!("-n {BETWEEN} link set wire{number} {state}"));
}

/// Drops on the bridge what comes from or is for these ports.
pub fn drop_ports(ports: &str) {
    for direction in ["dport", "sport"] {
        let rule = format!("-A FORWARD -p IPv4 --ip-proto tcp --ip-{direction} {ports} -j DROP");
        succeed("nsenter", &format!("--net=/run/netns/{BETWEEN} -- ebtables-nft {rule}"));
    }
}

pub fn drop_nothing() {
    succeed("nsenter", &format!("--net=/run/netns/{BETWEEN} -- ebtables-nft -F FORWARD"));
}

/// Takes all namespaces away, if they are there.
pub fn clear(numbers: impl Iterator<Item = u8>) {
    for name in numbers.map(namespace).chain([BETWEEN.to_owned()]) {
        if Path::new("/run/netns").join(&name).exists() {
            let _ = Command::new("ip").args(["netns", "delete", &name]).status();
        }
    }
}
