//! Meshes on two machines that joined: machines and networks that fail, runs that are killed, keys and certificates
//! that are replaced or expire.

mod expiry;
mod foreign;
mod interrupted;
mod lost;
mod rotation;
