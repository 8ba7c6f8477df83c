//! What a mesh costs: searches that are timed under a load, and what comes of them. Pure: no I/O.
//!
//! A row is one way of asking under one load: some clusters over links by one search, or each of them by a search of
//! its own, all at once, as a program without links would do.

pub mod data;
mod fault;
mod report;
mod row;
mod schedule;
mod tally;

pub use self::{
    fault::fault,
    report::{Latency, Measured, Report, RowReport},
    row::{Load, Row, Way, rows},
    schedule::Schedule,
    tally::Tally,
};
