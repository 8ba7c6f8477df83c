//! Meshes that grow: what they cost.

mod call_counts;
