//! Names of indices that documents are loaded into. Pure: no I/O.

use std::{fmt, str::FromStr};

use serde::Serialize;

use crate::mesh::invalid_value::InvalidValue;

/// The longest name, in bytes; see
/// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-create>.
const LONGEST: usize = 255;
/// The beginning of names that every cluster shares.
const PREFIX: &str = "mesh-";

/// The name of one index, alias or data stream: in lower case, without wildcards, and none of Elasticsearch's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct IndexName(String);

impl fmt::Display for IndexName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for IndexName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let starts = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if !starts || text.len() > LONGEST || !text.chars().all(fits) {
            return Err(InvalidValue::new(format!("`{text}` is not a name of an index such as `mesh-visits`")));
        }
        Ok(Self(text.to_owned()))
    }
}

fn fits(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c)
}

impl IndexName {
    /// The index for a source that has no other: `mesh-` and the stem of its name, which every cluster shares. `None`
    /// where the name has nothing that a name of an index can have.
    pub fn default_for(source: &str) -> Option<Self> {
        let one = |c: char| if fits(c) { c } else { '-' };
        let name: String = stem(source).to_lowercase().chars().map(one).collect();
        let name = name.trim_matches(['-', '.', '_']);
        let longest = name.len().min(LONGEST - PREFIX.len());
        format!("{PREFIX}{}", &name[..longest]).parse().ok().filter(|_| !name.is_empty())
    }
}

/// A name without the ending of what is compressed.
pub fn uncompressed(name: &str) -> &str {
    let at = name.len().saturating_sub(3);
    let is_compressed = name.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(".gz"));
    if is_compressed { &name[..at] } else { name }
}

/// The last part of a path, without its endings.
fn stem(path: &str) -> &str {
    let name = uncompressed(path.rsplit('/').next().unwrap_or(path));
    name.rsplit_once('.').map_or(name, |(before, _)| before)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_index_is_named_after_its_source() {
        let name = |source: &str| IndexName::default_for(source).map(|name| name.to_string());
        for (source, index) in [
            ("visits.ndjson", "mesh-visits"),
            ("/data/Stop and Search.2024.CSV.gz", "mesh-stop-and-search.2024"),
            ("orders", "mesh-orders"),
            ("_x_.json", "mesh-x"),
            ("Köln.csv", "mesh-k-ln"),
        ] {
            assert_eq!(name(source).as_deref(), Some(index));
        }
        for nothing in ["", ".gz", "---.csv", "日本.csv"] {
            assert_eq!(name(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_name_is_one_index_and_none_of_the_servers_own() {
        for wrong in ["", "a*", "A", ".security", "-a", "_all", "a,b", "a b", "a/b", "..", &"a".repeat(256)] {
            assert!(wrong.parse::<IndexName>().is_err(), "{wrong}");
        }
        assert_eq!("logs-x.2024_1".parse::<IndexName>().unwrap().to_string(), "logs-x.2024_1");
    }

    proptest! {
        #[test]
        fn whatever_a_source_is_called(source in "[\\PC./\\-_]{0,300}") {
            if let Some(name) = IndexName::default_for(&source) {
                prop_assert_eq!(name.to_string().parse(), Ok(name));
            }
        }
    }
}
