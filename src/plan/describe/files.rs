//! The descriptions of steps that write files of the mesh and of its services. Pure.

use super::{adds, changes};
use crate::{
    mesh::id::{NodeId, ServiceId},
    plan::{
        Description,
        Subject::{File, Path, Service},
        Transition,
        permissions::Misfit,
    },
};

pub(super) fn record() -> Description {
    let why = "every later run goes by what was decided";
    changes("record", File("mesh.json"), "mesh.json", why).belongs_to_upgrade()
}

pub(super) fn rebuild() -> Description {
    let why = "it is lost, and what is there shows what it held";
    changes("rebuild-record", File("mesh.json"), "mesh.json, rebuilt from what is there", why)
}

pub(super) fn write_credentials() -> Description {
    let why = "servers and Kibanas get the passwords in it";
    adds("write-credentials", File("credentials.txt"), "credentials.txt", why)
}

pub(super) fn recover_credentials() -> Description {
    let text = "credentials.txt, recovered from what is there";
    let why = "it is lost, and other files hold parts of it";
    changes("recover-credentials", File("credentials.txt"), text, why)
}

pub(super) fn set_permissions(misfit: &Misfit) -> Description {
    let subject = Path { path: misfit.path.clone(), cluster: misfit.cluster() };
    changes("set-permissions", subject, misfit.to_string(), "it was written with another mode or owner")
}

pub(super) fn seed_config(service: ServiceId) -> Description {
    let text = format!("files of {service} from its image");
    let why = "the service does not start without its image's own configuration files";
    changes("seed-config", Service(service), text, why).belongs_to_upgrade()
}

pub(super) fn write_settings(service: ServiceId) -> Description {
    let why = "the configuration file is missing, or does not say what was decided";
    changes("write-settings", Service(service), format!("settings of {service}"), why)
}

pub(super) fn write_keystore(node: NodeId) -> Description {
    let why = "the server takes the first password of elastic from it";
    changes("write-keystore", Service(node.into()), format!("keystore of {node}"), why)
}

/// The names are those of the entries that are concerned, each with what becomes of it.
pub(super) fn store_secure_settings(node: NodeId, names: &[String], restart: bool) -> Description {
    let names = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
    let restarted = if restart { ", with a restart" } else { "" };
    let text = format!("secure settings of {node}{restarted}{names}");
    let why = "the keystore does not hold what the file of secure settings says, or its server has not read it";
    let step = changes("store-secure-settings", Service(node.into()), text, why);
    if restart { step.container(Transition::Restarts).brings_up() } else { step }
}
