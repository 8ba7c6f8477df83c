//! Loads of documents that are killed, refused for a while, or meet a server that restarts or has no room; and Elastic's
//! load tester.

mod disk;
mod interrupted;
mod rally;
mod rejected;
