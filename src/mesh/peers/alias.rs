//! The name that a remote has on the cluster that searches it. Pure: no I/O.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::mesh::{id::ClusterId, invalid_value::InvalidValue};

/// One to 60 of `a-z`, `0-9`, `-` and `_`, beginning with a letter or a digit: it stands in names of settings, where a
/// `.` would end it, and in front of the `:` of searches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Alias(String);

impl Alias {
    const LONGEST: usize = 60;

    /// The remote that a setting of Elasticsearch such as `cluster.remote.cluster03.mode` is about.
    pub fn of_setting(name: &str) -> Option<Self> {
        name.strip_prefix("cluster.remote.")?.split('.').next()?.parse().ok()
    }

    /// The cluster of this mesh that would have this alias. It may be a peer's all the same.
    pub fn cluster(&self) -> Option<ClusterId> {
        self.0.parse().ok()
    }
}

impl From<ClusterId> for Alias {
    fn from(cluster: ClusterId) -> Self {
        Self(cluster.to_string())
    }
}

impl FromStr for Alias {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let refuse = |why: &str| Err(InvalidValue::new(format!("`{text}` is not an alias of a remote: {why}")));
        if text.is_empty() || text.len() > Self::LONGEST {
            return refuse("it has 1 to 60 characters");
        }
        if !text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_')) {
            return refuse("it consists of `a-z`, `0-9`, `-` and `_`");
        }
        if text.starts_with(['-', '_']) {
            return refuse("it begins with a letter or a digit");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Alias {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<Alias> for String {
    fn from(alias: Alias) -> Self {
        alias.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_stands_in_names_of_settings_and_in_searches() {
        for good in ["cluster05", "cluster05-london", "a", "7", "my_cloud", &"x".repeat(60)] {
            assert_eq!(good.parse::<Alias>().unwrap().to_string(), good);
        }
        for wrong in ["", "-a", "_a", "A", "a.b", "a:b", "a*", "é", "a b", &"x".repeat(61)] {
            assert!(wrong.parse::<Alias>().is_err(), "{wrong}");
        }
        assert_eq!(Alias::from(ClusterId::FIRST).cluster(), Some(ClusterId::FIRST));
        assert_eq!("cluster01-london".parse::<Alias>().unwrap().cluster(), None);
    }
}
