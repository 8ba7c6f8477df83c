//! The data views that Kibanas have. Pure.

use std::collections::BTreeMap;

use crate::mesh::id::ClusterId;

/// A data view as a Kibana has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewFacts {
    pub name: String,
    /// Its pattern.
    pub title: String,
}

/// The views of each Kibana by their ids, or why it cannot be asked.
pub type FoundViews = BTreeMap<ClusterId, Result<BTreeMap<String, ViewFacts>, String>>;
