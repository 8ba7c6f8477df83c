//! The values that settings have, and every reason to refuse one. Pure: no I/O.

use std::{fmt, net::IpAddr, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Profile, Registry, Timeout};
use crate::mesh::invalid_value::InvalidValue;

/// The first version whose API-key trust between clusters is generally available; see
/// <https://www.elastic.co/docs/deploy-manage/remote-clusters/remote-clusters-api-key>.
pub const OLDEST_VERSION: StackVersion = StackVersion { major: 8, minor: 14, patch: 0 };
/// The version that is installed by default.
pub const DEFAULT_VERSION: StackVersion = StackVersion { major: 9, minor: 5, patch: 3 };

/// Gives a type that is written as text its serde form through `Display` and `FromStr`.
macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
as_text!(StackVersion, Registry, Memory, IndexPattern, SubjectName, Timeout, Profile);

/// A version of the Elastic Stack; Elasticsearch and Kibana have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StackVersion {
    pub major: u16,
    pub minor: u16,
    pub patch: u16,
}

impl fmt::Display for StackVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for StackVersion {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let refuse = || InvalidValue::new(format!("`{text}` is not a version such as `{DEFAULT_VERSION}`"));
        let parts: Vec<u16> =
            text.split('.').map(|part| part.parse().map_err(|_| refuse())).collect::<Result<_, _>>()?;
        let [major, minor, patch] = parts[..] else {
            return Err(refuse());
        };
        let version = Self { major, minor, patch };
        if version < OLDEST_VERSION {
            return Err(InvalidValue::new(format!(
                "{version} is too old: clusters trust each other by API key from {OLDEST_VERSION} on"
            )));
        }
        Ok(version)
    }
}

impl StackVersion {
    /// The largest heap of a Kibana, in percent of its container's limit; see
    /// <https://github.com/elastic/kibana/pull/246073>.
    pub fn kibana_heap_percent(self) -> u64 {
        if (self.major, self.minor) >= (9, 4) { 75 } else { 50 }
    }
}

/// An amount of memory in bytes, written as Docker does: `2g`, `1536m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Memory(u64);

const MEBIBYTE: u64 = 1 << 20;
/// What Elasticsearch's launcher keeps for itself.
const LAUNCHER: u64 = 100 * MEBIBYTE;
/// Beyond this, Java's references are twice as long.
const MOST_HEAP: u64 = 31 << 30;

impl Memory {
    /// Below this, no image of either product comes up, and no stand-in.
    pub const LEAST: Memory = Memory(512 * MEBIBYTE);
    /// Below this, Elastic's own images are killed for want of memory while they start.
    pub const LEAST_OF_ELASTIC: Memory = Memory::gibibytes(1);

    pub const fn gibibytes(count: u64) -> Self {
        Self(count << 30)
    }

    pub const fn bytes(self) -> u64 {
        self.0
    }

    pub const fn mebibytes(count: u64) -> Self {
        Self(count * MEBIBYTE)
    }

    /// The heap of an Elasticsearch in a container with this limit, in whole mebibytes, as its own launcher sizes it:
    /// without the 100 MiB that the launcher keeps, 40 % of less than 1 GiB, and half of more, up to 31 GiB. See
    /// `MachineDependentHeap` and `OverheadSystemMemoryInfo` in
    /// <https://github.com/elastic/elasticsearch/tree/main/distribution/tools/server-cli/src/main/java/org/elasticsearch/server/cli>.
    pub const fn heap_mebibytes(self) -> u64 {
        let available = self.0.saturating_sub(LAUNCHER);
        let heap = if available < 1 << 30 { available / 5 * 2 } else { available / 2 };
        if heap > MOST_HEAP { MOST_HEAP / MEBIBYTE } else { heap / MEBIBYTE }
    }

    /// The roundest limit whose heap is this; `None` where no limit has it.
    pub fn of_heap(mebibytes: u64) -> Option<Self> {
        let around = [mebibytes.checked_mul(5)? / 2 + 100, mebibytes.checked_mul(2)? + 100];
        let limits = around.into_iter().flat_map(|limit| limit..limit + 4).map(Self::mebibytes);
        limits.filter(|limit| limit.heap_mebibytes() == mebibytes).max_by_key(|limit| limit.0.trailing_zeros())
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(1 << 30) {
            write!(f, "{}g", self.0 >> 30)
        } else {
            write!(f, "{}m", self.0 / MEBIBYTE)
        }
    }
}

impl FromStr for Memory {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let refuse = || InvalidValue::new(format!("`{text}` is not an amount of memory such as `2g` or `1536m`"));
        let lower = text.to_ascii_lowercase();
        let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = match &lower[digits.len()..] {
            "m" | "mb" | "mib" => MEBIBYTE,
            "g" | "gb" | "gib" => 1 << 30,
            _ => return Err(refuse()),
        };
        let amount = digits.parse::<u64>().ok().and_then(|n| n.checked_mul(unit)).ok_or_else(refuse)?;
        if Self(amount) < Self::LEAST || amount > 1 << 46 {
            return Err(InvalidValue::new(format!(
                "{text} is out of range: a container needs {} or more",
                Self::LEAST
            )));
        }
        Ok(Self(amount))
    }
}

/// Names of indices, with wildcards, that other clusters may search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexPattern(String);

impl fmt::Display for IndexPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for IndexPattern {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-*".contains(c);
        // no index is called so, and in a path they stand for another
        let dots = matches!(text, "." | "..");
        if text.is_empty() || dots || text.starts_with(['-', '_']) || !text.chars().all(fits) {
            return Err(InvalidValue::new(format!("`{text}` is not a pattern of index names such as `logs-*`")));
        }
        Ok(Self(text.to_owned()))
    }
}

/// A name or an address that certificates are made for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SubjectName {
    Dns(String),
    Ip(IpAddr),
}

impl fmt::Display for SubjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

impl FromStr for SubjectName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        };
        let rest = text.strip_prefix("*.").unwrap_or(text);
        if text.len() > 253 || !rest.split('.').all(label) {
            return Err(InvalidValue::new(format!("`{text}` is neither a DNS name nor an IP address")));
        }
        Ok(Self::Dns(text.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_docker_writes_it() {
        assert_eq!("2g".parse::<Memory>().unwrap().bytes(), 2 << 30);
        assert_eq!("1536m".parse::<Memory>().unwrap().to_string(), "1536m");
        assert_eq!("2048M".parse::<Memory>().unwrap().to_string(), "2g");
        for wrong in ["", "2", "g", "2t", "-1g", "1m", "99999999999999999999g", "2 g"] {
            assert!(wrong.parse::<Memory>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_heap_is_what_elasticsearch_would_take_itself() {
        let heap = |limit: &str| limit.parse::<Memory>().unwrap().heap_mebibytes();
        let limits = ["512m", "1g", "1123m", "1124m", "1536m", "2g", "4g", "64g", "128g"];
        assert_eq!(limits.map(heap), [164, 369, 409, 512, 718, 974, 1998, 31744, 31744]);
        for limit in ["512m", "1g", "1536m", "2g", "3g", "62g"] {
            assert_eq!(Memory::of_heap(heap(limit)).unwrap().to_string(), limit);
        }
        assert_eq!((Memory::of_heap(450), Memory::of_heap(u64::MAX)), (None, None));
    }

    #[test]
    fn versions_without_api_key_trust_are_refused() {
        insta::assert_snapshot!("8.13.4".parse::<StackVersion>().unwrap_err(), @"8.13.4 is too old: clusters trust each other by API key from 8.14.0 on");
        insta::assert_snapshot!("9.5".parse::<StackVersion>().unwrap_err(), @"`9.5` is not a version such as `9.5.3`");
        assert!("8.14.0".parse::<StackVersion>().is_ok());
    }

    #[test]
    fn names_that_could_carry_anything_else_are_refused() {
        for wrong in ["a b", "x\"", "-a", "_a", "A*", "", "a,b", "a\nb"] {
            assert!(wrong.parse::<IndexPattern>().is_err(), "{wrong:?}");
        }
        for wrong in ["a b", "a\n127.0.0.1 b", "", "a..b", "-a.b", "x/y"] {
            assert!(wrong.parse::<SubjectName>().is_err(), "{wrong:?}");
        }
        assert_eq!("VM.example".parse(), Ok(SubjectName::Dns("vm.example".to_owned())));
        assert_eq!("10.0.0.7".parse(), Ok(SubjectName::Ip("10.0.0.7".parse().unwrap())));
    }
}
