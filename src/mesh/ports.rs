//! The range that the ports of a mesh come from. Pure: no I/O.

use std::{collections::BTreeSet, fmt, ops::RangeInclusive, str::FromStr};

use serde::{Deserialize, Serialize};

use super::invalid_value::InvalidValue;

/// Ports of the host, from the first to the last, as text `20000-29999`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// The range of a mesh with a name: below those that Linux gives to connections, 32768 to 60999 by default.
    pub const OF_NAMED: Self = Self { first: 20_000, last: 29_999 };

    /// This one where it has all of these ports, else the smallest that has.
    pub fn or_around(self, ports: &BTreeSet<u16>) -> Self {
        let around = ports.first().zip(ports.last()).map(|(first, last)| Self { first: *first, last: *last });
        around.filter(|around| around.first < self.first || around.last > self.last).unwrap_or(self)
    }

    pub fn ports(self) -> RangeInclusive<u16> {
        self.first..=self.last
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl FromStr for PortRange {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let refuse = || InvalidValue::new(format!("`{text}` is not a range of ports such as `{}`", Self::OF_NAMED));
        let (first, last) = text.split_once('-').ok_or_else(refuse)?;
        let port = |text: &str| text.parse().ok().filter(|port| *port >= 1024);
        let (first, last) = port(first).zip(port(last)).filter(|(first, last)| first <= last).ok_or_else(|| {
            InvalidValue::new(format!("{}: from the lower to the higher, of 1024 to 65535", refuse()))
        })?;
        Ok(Self { first, last })
    }
}

impl TryFrom<String> for PortRange {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<PortRange> for String {
    fn from(range: PortRange) -> Self {
        range.to_string()
    }
}

/// Ports as a label holds them: `20000-20007,20012`.
pub fn as_label(ports: &BTreeSet<u16>) -> String {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for port in ports {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *port => *last = *port,
            _ => runs.push((*port, *port)),
        }
    }
    let run = |(first, last): (u16, u16)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    runs.into_iter().map(run).collect::<Vec<_>>().join(",")
}

/// The ports of a label; what is none in it counts for nothing.
pub fn of_label(label: &str) -> BTreeSet<u16> {
    let run = |run: &str| {
        let (first, last) = run.split_once('-').unwrap_or((run, run));
        Some(first.parse::<u16>().ok()?..=last.parse::<u16>().ok()?)
    };
    label.split(',').filter_map(run).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_goes_up_and_leaves_the_ports_of_the_system_alone() {
        for good in ["20000-29999", "1024-65535", "9200-9200"] {
            assert_eq!(good.parse::<PortRange>().unwrap().to_string(), good);
        }
        for wrong in ["", "20000", "29999-20000", "80-9000", "20000-70000", "a-b", "1-2-3"] {
            assert!(wrong.parse::<PortRange>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_label_holds_every_port_and_is_short() {
        let ports: BTreeSet<u16> = (20_000..20_008).chain([20_012, 65_535]).collect();
        assert_eq!(as_label(&ports), "20000-20007,20012,65535");
        assert_eq!(of_label(&as_label(&ports)), ports);
        assert_eq!(of_label("x,7-,9,5-3"), [9].into());
        assert_eq!(as_label(&BTreeSet::new()), "");
    }
}
