//! WHAT TO THINK OF IT. Pure: facts and plans in, findings, causes and reports out.

pub mod check;
pub mod container_exit;
pub mod early_authority;
pub mod expiry;
pub mod guests;
pub mod hindrance;
pub mod image;
pub mod links;
pub mod meshes;
pub mod metrics;
pub mod nodes;
pub mod peers;
pub mod registry;
pub mod scope;
pub mod snapshots;
pub mod status;
pub mod users;
pub mod verify;
pub mod views;

/// What to type where a server does not take the password of `elastic`: `mesh create` alone does not give it another.
const GIVES_PASSWORD: &str = "`mesh create --recover-credentials` gives the server the password in credentials.txt; \
                              then type the same command again";
