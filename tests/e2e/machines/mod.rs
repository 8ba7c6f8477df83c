//! Meshes on two machines, each with an engine of its own: what befalls machines and the network between them, and
//! meshes that join.

mod apart;
mod join;
