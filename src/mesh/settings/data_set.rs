//! Whether people find all data of a mesh by one name, as a setting. Pure: no I/O.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::value::{Scalar, Shape};
use crate::mesh::invalid_value::InvalidValue;

/// Whether clusters share the alias of their own data. A mesh from before there was one has none until it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSet(pub bool);

impl Scalar for DataSet {
    const SHAPE: Shape = Shape::Switch;
    const PLACEHOLDER: &'static str = <bool as Scalar>::PLACEHOLDER;

    fn read(text: &str, base: &Path) -> Result<Self, InvalidValue> {
        <bool as Scalar>::read(text, base).map(Self)
    }

    fn schema() -> Json {
        <bool as Scalar>::schema()
    }
}
