//! What another mesh is called here: a peer or a guest. Pure: no I/O.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::mesh::invalid_value::InvalidValue;

/// One to 30 of `a-z`, `0-9` and `-`, no `-` at either end: it is the name of a file, and the end of aliases.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PartnerName(String);

impl PartnerName {
    const LONGEST: usize = 30;

    /// A name made of any text, such as a machine's; `None` where nothing of it can stand in one.
    pub fn from_text(text: &str) -> Option<Self> {
        let fitting = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let text: String = text.chars().map(fitting).take(Self::LONGEST).collect();
        text.trim_matches('-').parse().ok()
    }
}

impl FromStr for PartnerName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let refuse = |why: &str| {
            Err(InvalidValue::new(format!("`{text}` is not a name of another mesh such as `london`: {why}")))
        };
        if text.is_empty() || text.len() > Self::LONGEST {
            return refuse("it has 1 to 30 characters");
        }
        if !text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
            return refuse("it consists of `a-z`, `0-9` and `-`");
        }
        if text.starts_with('-') || text.ends_with('-') {
            return refuse("it neither begins nor ends with `-`");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for PartnerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for PartnerName {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<PartnerName> for String {
    fn from(name: PartnerName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_of_a_file_and_the_end_of_an_alias() {
        for good in ["london", "site-b", "7", &"x".repeat(30)] {
            assert_eq!(good.parse::<PartnerName>().unwrap().to_string(), good);
        }
        for wrong in ["", "-a", "a-", "A", "a_b", "a.b", "../a", "é", &"x".repeat(31)] {
            assert!(wrong.parse::<PartnerName>().is_err(), "{wrong}");
        }
        assert_eq!(PartnerName::from_text("VM-2.example.org").unwrap().to_string(), "vm-2-example-org");
        assert_eq!(PartnerName::from_text("--"), None);
    }
}
