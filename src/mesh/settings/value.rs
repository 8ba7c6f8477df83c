//! What settings need to know of the types that they have. Pure: no I/O.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use serde::{
    Deserialize as _, Deserializer, Serialize,
    de::{DeserializeOwned, Error as _},
};
use serde_json::{Value as Json, json};

use super::{
    IndexPattern, KeyDays, Memory, PassphraseWords, Profile, Registry, StackVersion, SubjectName, TemplateDir, Timeout,
};
use crate::mesh::{
    cluster_set::ClusterSet, id::ClusterId, invalid_value::InvalidValue, name::MeshName, network::Subnet,
    ports::PortRange,
};

/// Reads what a record has of a value that may be none: the empty text, for a cluster that differs from the others.
pub(super) fn none_where_empty<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    let value = Option::<Json>::deserialize(from)?;
    value.filter(|value| value != "").map(|value| serde_json::from_value(value).map_err(D::Error::custom)).transpose()
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `true` or `false`.
    Switch,
    Text,
    /// A text; a file's is relative to its own directory.
    Path,
    List,
    /// Names with values.
    Map,
    /// A text or a mapping, which is read as the text of one.
    Mapping,
    /// A text or a list, which is read as the text of one.
    Sequence,
    /// A list of mappings, each read as one text.
    Mappings,
}

/// A type whose values are written as one text.
pub trait Scalar: Serialize {
    const SHAPE: Shape = Shape::Text;
    /// How a list of them is written.
    const LIST_SHAPE: Shape = Shape::List;
    const PLACEHOLDER: &'static str;

    fn read(text: &str, base: &Path) -> Result<Self, InvalidValue>
    where
        Self: Sized;

    /// Refuses no text that can be read.
    fn schema() -> Json;

    /// As a settings file has it.
    fn json(&self) -> Json {
        serde_json::to_value(self).expect("should be JSON: it is a text or a number")
    }
}

/// A type that a setting can have: a scalar, or a list of scalars.
pub trait Value: Sized {
    const SHAPE: Shape;
    const PLACEHOLDER: &'static str;

    /// Reads the one text of a scalar, or the items of a list.
    ///
    /// # Errors
    /// Every text that is not a value, with its place in a list.
    fn read(texts: &[String], base: &Path) -> Result<Self, Vec<(Option<usize>, InvalidValue)>>;
    fn check(text: &str) -> Result<(), InvalidValue>;
    fn schema() -> Json;
    fn json(&self) -> Json;

    /// Takes what `other` sets on top of this: all of it, if it is no mapping.
    fn overlay(&mut self, other: &Self)
    where
        Self: Clone,
    {
        self.clone_from(other);
    }
}

impl<T: Scalar> Value for T {
    const SHAPE: Shape = T::SHAPE;
    const PLACEHOLDER: &'static str = T::PLACEHOLDER;

    fn read(texts: &[String], base: &Path) -> Result<Self, Vec<(Option<usize>, InvalidValue)>> {
        T::read(texts.first().map_or("", String::as_str), base).map_err(|reason| vec![(None, reason)])
    }

    fn check(text: &str) -> Result<(), InvalidValue> {
        <T as Scalar>::read(text, Path::new("")).map(drop)
    }

    fn schema() -> Json {
        T::schema()
    }

    fn json(&self) -> Json {
        Scalar::json(self)
    }
}

impl<T: Scalar> Value for Vec<T> {
    const SHAPE: Shape = T::LIST_SHAPE;
    const PLACEHOLDER: &'static str = T::PLACEHOLDER;

    fn read(texts: &[String], base: &Path) -> Result<Self, Vec<(Option<usize>, InvalidValue)>> {
        let (mut items, mut flaws) = (Vec::new(), Vec::new());
        for (index, text) in texts.iter().enumerate() {
            match <T as Scalar>::read(text, base) {
                Ok(item) => items.push(item),
                Err(reason) => flaws.push((Some(index), reason)),
            }
        }
        if flaws.is_empty() { Ok(items) } else { Err(flaws) }
    }

    fn check(text: &str) -> Result<(), InvalidValue> {
        <T as Value>::check(text)
    }

    fn schema() -> Json {
        json!({ "type": "array", "items": <T as Scalar>::schema() })
    }

    fn json(&self) -> Json {
        self.iter().map(Scalar::json).collect()
    }
}

/// Scalars that are read by [`std::str::FromStr`], each with its placeholder and its schema.
macro_rules! parsed {
    ($($type:ty: $placeholder:literal, $schema:expr;)*) => {$(
        impl Scalar for $type {
            const PLACEHOLDER: &'static str = $placeholder;

            fn read(text: &str, _: &Path) -> Result<Self, InvalidValue> {
                text.parse()
            }

            fn schema() -> Json {
                $schema
            }
        }
    )*};
}
parsed! {
    StackVersion: "VERSION", json!({ "type": "string", "pattern": r"^\d+\.\d+\.\d+$" });
    Registry: "HOST", json!({ "type": "string", "pattern": "^[a-z0-9._:/-]+$" });
    Profile: "PROFILE", json!({ "type": "string", "enum": Profile::ALL });
    Memory: "SIZE", json!({ "type": "string", "pattern": "^[0-9]+([mM]|[gG])([iI]?[bB])?$" });
    PortRange: "RANGE", json!({ "type": "string", "pattern": "^[0-9]+-[0-9]+$" });
    MeshName: "NAME", json!({ "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$" });
    Subnet: "NETWORK", json!({ "type": "string", "pattern": r"^[0-9.]+/(1[6-9]|2[0-4])$" });
    IndexPattern: "PATTERN", json!({ "type": "string", "pattern": "^[a-z0-9.*][a-z0-9._*-]*$" });
    SubjectName: "NAME", json!({ "type": "string" });
    KeyDays: "DAYS", json!({ "type": "integer", "minimum": 1, "maximum": 3650 });
    PassphraseWords: "COUNT", json!({ "type": "integer", "minimum": 3, "maximum": 20 });
    Timeout: "TIME", json!({ "type": "string" });
}

impl Scalar for bool {
    const SHAPE: Shape = Shape::Switch;
    const PLACEHOLDER: &'static str = "BOOL";

    /// In the three spellings of YAML.
    fn read(text: &str, _: &Path) -> Result<Self, InvalidValue> {
        match text {
            "true" | "True" | "TRUE" => Ok(true),
            "false" | "False" | "FALSE" => Ok(false),
            _ => Err(InvalidValue::new(format!("`{text}` is not `true` or `false`"))),
        }
    }

    fn schema() -> Json {
        json!({ "type": "boolean" })
    }
}

impl Scalar for IpAddr {
    const PLACEHOLDER: &'static str = "ADDRESS";

    fn read(text: &str, _: &Path) -> Result<Self, InvalidValue> {
        text.parse().map_err(|_| InvalidValue::new(format!("`{text}` is not an address such as `127.0.0.1`")))
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "^[0-9a-fA-F.:]+$" })
    }
}

/// A number stands for the clusters 1 to this one.
impl Scalar for ClusterSet {
    const PLACEHOLDER: &'static str = "CLUSTERS";

    fn read(text: &str, _: &Path) -> Result<Self, InvalidValue> {
        Self::of_mesh(text)
    }

    fn schema() -> Json {
        json!({ "type": ["integer", "string"], "minimum": 1, "maximum": ClusterId::MAX, "pattern": r"^[0-9]+([, -]+[0-9]+)*$" })
    }

    fn json(&self) -> Json {
        self.to_mesh_json()
    }
}

/// An existing file.
impl Scalar for PathBuf {
    const SHAPE: Shape = Shape::Path;
    const PLACEHOLDER: &'static str = "FILE";

    fn read(text: &str, base: &Path) -> Result<Self, InvalidValue> {
        if text.is_empty() { Err(InvalidValue::new("the name of a file is needed")) } else { Ok(base.join(text)) }
    }

    fn schema() -> Json {
        json!({ "type": "string", "minLength": 1 })
    }

    fn json(&self) -> Json {
        self.display().to_string().into()
    }
}

/// The empty text stands for the built-in templates.
impl Scalar for TemplateDir {
    const SHAPE: Shape = Shape::Path;
    const PLACEHOLDER: &'static str = "DIR";

    fn read(text: &str, base: &Path) -> Result<Self, InvalidValue> {
        Ok(Self((!text.is_empty()).then(|| base.join(text))))
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }

    fn json(&self) -> Json {
        self.0.as_ref().map(|dir| dir.display().to_string()).unwrap_or_default().into()
    }
}
