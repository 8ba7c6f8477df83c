//! What Elastic supports between two versions: upgrades from one to the other, and searches from one in the other.
//! Pure: no I/O.

use super::settings::StackVersion;

/// Why data of one version cannot be taken over by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPath {
    /// The other is older.
    Back,
    SkipsMajor,
    /// Only this minor version of the major one before leads there.
    OnlyFrom {
        major: u16,
        minor: u16,
    },
    /// Which version of the major one before leads there was not published when this program was made.
    Unknown,
}

impl StackVersion {
    /// The minor version of the major one before, from which alone an upgrade leads to this; see
    /// <https://www.elastic.co/docs/deploy-manage/upgrade/plan-upgrade>. 8.18 was published with 9.0, hence the two.
    fn bridge(self) -> Option<(u16, u16)> {
        match (self.major, self.minor) {
            (9, 0) => Some((8, 18)),
            (9, _) => Some((8, 19)),
            _ => None,
        }
    }

    fn is(self, (major, minor): (u16, u16)) -> bool {
        (self.major, self.minor) == (major, minor)
    }

    /// Whether Elastic supports searches from a cluster of this version in one of `remote`; see
    /// <https://www.elastic.co/docs/solutions/search/cross-cluster-search#ccs-supported-configurations>.
    pub fn searches(self, remote: Self) -> bool {
        if self.major == remote.major {
            return self.minor <= remote.minor + 1;
        }
        let from_the_last = self.is((8, 19)) && remote.major == 9;
        let into_the_last = self.minor <= 1 && self.bridge().is_some_and(|bridge| remote.is(bridge));
        from_the_last || into_the_last || remote.bridge().is_some_and(|bridge| self.is(bridge))
    }

    /// Whether data of this version can be taken over by `to`.
    pub fn leads_to(self, to: Self) -> Result<(), NoPath> {
        match to.major.checked_sub(self.major) {
            _ if to < self => Err(NoPath::Back),
            Some(0) | None => Ok(()),
            Some(1) => match to.bridge() {
                Some(bridge) if self.is(bridge) => Ok(()),
                Some((major, minor)) => Err(NoPath::OnlyFrom { major, minor }),
                None => Err(NoPath::Unknown),
            },
            Some(_) => Err(NoPath::SkipsMajor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentations_table_of_searches() {
        let version = |text: &str| text.parse::<StackVersion>().unwrap();
        let searches = |from: &str, to: &str| version(from).searches(version(to));
        let yes = [
            ("9.5.3", "9.5.3"),
            ("9.5.3", "9.4.0"),
            ("9.1.0", "9.5.0"),
            ("8.19.21", "9.5.3"),
            ("8.19.0", "9.0.0"),
            ("8.18.0", "9.0.0"),
            ("9.0.0", "8.18.0"),
            ("9.1.0", "8.19.0"),
            ("8.19.0", "8.18.0"),
            ("8.14.0", "8.19.0"),
        ];
        let no = [
            ("9.5.3", "9.3.0"),
            ("9.5.3", "8.19.21"),
            ("9.2.0", "8.19.0"),
            ("9.0.0", "8.19.0"),
            ("9.0.0", "8.17.0"),
            ("8.18.0", "9.1.0"),
            ("8.17.0", "9.0.0"),
            ("8.19.0", "8.17.0"),
        ];
        for (from, to) in yes {
            assert!(searches(from, to), "{from} searches {to}");
        }
        for (from, to) in no {
            assert!(!searches(from, to), "{from} does not search {to}");
        }
    }
}
