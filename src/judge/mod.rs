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
