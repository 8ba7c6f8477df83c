//! WHAT IS THERE, as data. Pure: [`World`](crate::world::World) fills it in.

mod answer;
mod container;
pub mod evidence;
mod files;
pub mod gateway;
pub mod guests;
pub mod health;
pub mod host;
mod links;
pub mod meshes;
mod nodes;
pub mod observed;
mod secure_file;
mod server;
pub mod shards;
pub mod snapshots;
pub mod trust;
pub mod users;
pub mod views;
