//! `/etc/hosts`: the mesh's block in it, and every other byte as it was.

use std::{fs, process::Command};

use crate::support::{docker::address, mesh::Mesh};

pub const FILE: &str = "/etc/hosts";
const BEGIN: &str = "# mesh: begin";
const END: &str = "# mesh: end";

pub fn bytes() -> Vec<u8> {
    fs::read(FILE).expect("should be readable")
}

pub fn has_block() -> bool {
    String::from_utf8_lossy(&bytes()).contains(BEGIN)
}

/// What the machine has besides the block.
pub fn without_block() -> Vec<u8> {
    split().0
}

/// What is before and after the block, and the lines in it.
fn split() -> (Vec<u8>, Vec<String>) {
    let text = bytes();
    let (mut outside, mut block, mut inside) = (Vec::new(), Vec::new(), false);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let text = String::from_utf8_lossy(line).trim().to_owned();
        if text.starts_with(BEGIN) {
            assert!(!inside && block.is_empty(), "there should be one block in {FILE}");
            inside = true;
        } else if inside && text.starts_with(END) {
            inside = false;
        } else if inside {
            block.push(text);
        } else {
            outside.extend_from_slice(line);
        }
    }
    assert!(!inside, "the block in {FILE} should have an end");
    (outside, block)
}

/// The block names exactly the containers of the mesh with the addresses that Docker gave them, and the machine
/// resolves them so; everything else is as `before`.
pub fn are_right(mesh: &Mesh, before: &[u8]) {
    let (outside, block) = split();
    assert_eq!(String::from_utf8_lossy(&outside), String::from_utf8_lossy(before), "bytes outside the block changed");
    let mut found: Vec<(String, String)> = block
        .iter()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(char::is_whitespace))
        .map(|(address, name)| (name.trim().to_owned(), address.to_owned()))
        .collect();
    found.sort();
    let wanted: Vec<(String, String)> =
        mesh.containers().into_iter().map(|name| (name.clone(), address(&name))).collect();
    assert_eq!(found, wanted, "the block in {FILE}");
    for (name, address) in wanted {
        let output = Command::new("getent").args(["hosts", &name]).output().expect("getent should be there");
        let resolved = String::from_utf8_lossy(&output.stdout).split_whitespace().next().map(str::to_owned);
        assert_eq!(resolved, Some(address), "{name} should resolve");
    }
}
