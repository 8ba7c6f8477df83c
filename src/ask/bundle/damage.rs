//! What is wrong with a bundle. Pure: no I/O.

use super::FORMAT;

/// Why a bundle cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("it is not a file of `mesh bundle save`")]
    Foreign,
    #[error("its format is {format}, of mesh {mesh}, and this mesh knows {FORMAT}")]
    Newer { format: u32, mesh: String },
    #[error("it is cut off: {have} bytes of {of} are there")]
    CutOff { have: u64, of: u64 },
    #[error("it is not a file of `mesh bundle save`, or no more than the beginning of one")]
    NoMore,
    #[error("{0} in it is altered: its SHA-256 differs")]
    Altered(String),
    #[error("its bytes at {0} are altered")]
    Between(u64),
}
