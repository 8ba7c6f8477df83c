//! Loads of documents that are killed, refused for a while, or meet a server that restarts or has no room; and the load
//! tester of Elastic.

mod disk;
mod interrupted;
mod rally;
mod rejected;
