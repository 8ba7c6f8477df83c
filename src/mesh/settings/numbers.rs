//! The settings that are numbers within bounds or a length of time. Pure: no I/O.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::mesh::invalid_value::InvalidValue;

/// Lifetime of an API key in days, 1 to 3650.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16")]
pub struct KeyDays(u16);

impl KeyDays {
    pub const MOST: Self = Self(3650);

    pub fn get(self) -> u16 {
        self.0
    }
}

impl Default for KeyDays {
    fn default() -> Self {
        Self(365)
    }
}

impl FromStr for KeyDays {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let refused = || InvalidValue::new(format!("`{text}` is not a number of days from 1 to 3650"));
        text.parse::<u16>().ok().and_then(|days| days.try_into().ok()).ok_or_else(refused)
    }
}

impl TryFrom<u16> for KeyDays {
    type Error = InvalidValue;

    fn try_from(days: u16) -> Result<Self, InvalidValue> {
        if (1..=Self::MOST.0).contains(&days) {
            return Ok(Self(days));
        }
        Err(InvalidValue::new(format!("`{days}` is not a number of days from 1 to 3650")))
    }
}

/// How many words a generated password has, 3 to 20; 6 have 77 bits of entropy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8")]
pub struct PassphraseWords(u8);

impl PassphraseWords {
    pub fn get(self) -> usize {
        self.0.into()
    }
}

impl Default for PassphraseWords {
    fn default() -> Self {
        Self(6)
    }
}

impl FromStr for PassphraseWords {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let refused = || InvalidValue::new(format!("`{text}` is not a number of words from 3 to 20"));
        text.parse::<u8>().ok().and_then(|words| words.try_into().ok()).ok_or_else(refused)
    }
}

impl TryFrom<u8> for PassphraseWords {
    type Error = InvalidValue;

    fn try_from(words: u8) -> Result<Self, InvalidValue> {
        if (3..=20).contains(&words) {
            return Ok(Self(words));
        }
        Err(InvalidValue::new(format!("`{words}` is not a number of words from 3 to 20")))
    }
}

/// How long a run may take, written as `90s` or `10m`: a second to 30 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeout(pub Duration);

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl FromStr for Timeout {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let time = humantime::parse_duration(text)
            .map_err(|_| InvalidValue::new(format!("`{text}` is not a time such as `90s` or `10m`")))?;
        if !(Duration::from_secs(1)..=Duration::from_hours(30 * 24)).contains(&time) {
            return Err(InvalidValue::new(format!("`{text}` is not a time from 1s to 30d")));
        }
        Ok(Self(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_bounds() {
        for fits in ["3", "20"] {
            assert_eq!(fits.parse::<PassphraseWords>().unwrap().get().to_string(), fits);
        }
        for wrong in ["2", "21", "", "six", "-3", "3.0"] {
            assert!(wrong.parse::<PassphraseWords>().is_err(), "{wrong}");
        }
        for wrong in ["0", "3651", ""] {
            assert!(wrong.parse::<KeyDays>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_is_read_back_as_it_is_written() {
        let timeout: Timeout = "90s".parse().unwrap();
        assert_eq!(timeout.to_string(), "1m 30s");
        assert_eq!(timeout.to_string().parse(), Ok(timeout));
        for wrong in ["", "10", "0s", "999ms", "31d", "100000000000y"] {
            assert!(wrong.parse::<Timeout>().is_err(), "{wrong}");
        }
    }
}
