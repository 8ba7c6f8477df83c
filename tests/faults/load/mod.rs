//! Loads of documents that are killed, refused for a while, or meet a server that restarts or has no room.

mod disk;
mod interrupted;
mod rejected;
