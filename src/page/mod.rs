//! The live page of `mesh serve`: what a look at the mesh becomes for a browser. Pure: no I/O.
//!
//! A look makes a [`Status`](crate::judge::status::Status), from which all else follows: the [`Matrix`] of links, the
//! [`problems`] with their commands, the lines of what changed, and the [`History`]. A [`Feed`] holds these as texts,
//! each with the number of the look that changed it last.

mod asset;
mod change;
#[cfg(test)]
pub mod example;
mod feed;
mod history;
mod matrix;
mod pace;
mod problem;
mod request;
mod search;
mod shape;
#[cfg(test)]
mod tests;

pub use self::{
    asset::{ASSETS, INDEX, LOCKED, SECURITY},
    change::Chronicle,
    feed::{Attempt, Documents, Feed, Received, Summary, Trouble},
    history::{History, Span},
    matrix::{Latencies, LinksDocument, Matrix},
    pace::Pace,
    problem::{Level, Problem, problems},
    request::{Gate, Head, Intruder, Token},
    search::SearchRequest,
};
