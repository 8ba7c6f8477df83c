//! Failures around a mesh: disks, registries, keys and licenses that expire.

mod expiry;
mod registry;
mod system_calls;
mod systemd;
mod trial;
