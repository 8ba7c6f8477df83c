//! The descriptions of steps that change something of the machine or of Docker's engine. Pure.

use super::{adds, changes, removes, waits};
use crate::{
    mesh::name::{MeshName, network_name},
    plan::{
        Deletion, Description,
        Subject::{Account, File, Image, Mesh, Network},
    },
};

pub(super) fn pull_image(image: &str) -> Description {
    let why = "containers are made from it, and this machine does not have it";
    adds("pull-image", Image(image.to_owned()), format!("image {image}"), why).prepares().belongs_to_upgrade()
}

pub(super) fn try_image(image: &str) -> Description {
    let text = format!("image {image} starts on this machine");
    let why = "an upgrade cannot be undone, and one that cannot start is found before it";
    waits("try-image", Image(image.to_owned()), text, why).prepares().belongs_to_upgrade()
}

pub(super) fn prove_directory() -> Description {
    let why = "containers mount files of the engine's machine, which need not be this one";
    waits("prove-directory", Mesh, "Docker sees the mesh's directory", why).prepares()
}

pub(super) fn create_account(uid: u32) -> Description {
    let why = "containers run as this user, and their files belong to it";
    adds("create-account", Account(uid), format!("system user elastic, uid {uid}"), why)
}

pub(super) fn create_network(mesh: Option<&MeshName>) -> Description {
    let name = network_name(mesh);
    let why = "services have fixed addresses in it, by which clusters reach each other";
    adds("create-network", Network(name.clone()), format!("network {name}"), why)
}

pub(super) fn remove_network(mesh: Option<&MeshName>) -> Description {
    let name = network_name(mesh);
    let why = "its range is not the one that was decided, or the mesh is removed";
    removes("remove-network", Network(name.clone()), format!("network {name}"), why).deletes(Deletion::Replaceable)
}

pub(super) fn write_hosts() -> Description {
    let why = "programs on this machine find services by name";
    changes("write-hosts", File("/etc/hosts"), "block in /etc/hosts", why)
}

pub(super) fn remove_hosts() -> Description {
    let why = "no names of services are wanted there";
    removes("remove-hosts", File("/etc/hosts"), "block in /etc/hosts", why).deletes(Deletion::Replaceable)
}

pub(super) fn remove_directory() -> Description {
    removes("remove-directory", Mesh, "directory of the mesh with all data", "the mesh is removed")
        .deletes(Deletion::Data)
}
