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
    /// <https://www.elastic.co/docs/solutions/search/cross-cluster-search#ccs-supported-configurations>. Within a major
    /// version that is any newer minor version and the one before. Into the major version before, 9.0 alone searches
    /// 8.18; into the next one, 8.19 searches any 9.x, and 8.18 only 9.0.
    pub fn searches(self, remote: Self) -> bool {
        if self.major == remote.major {
            return self.minor <= remote.minor + 1;
        }
        let from_the_last = self.is((8, 19)) && remote.major == 9;
        let into_the_last = self.minor == 0 && self.bridge().is_some_and(|bridge| remote.is(bridge));
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

    /// Rows of the table in Elastic's documentation as of 9.3: the cluster that searches, and whether it may search
    /// remotes of the versions in the first row.
    const SEARCHES: &str = "
             8.15 8.16 8.17 8.18 8.19 9.0 9.1 9.2 9.3
        8.15 yes  yes  yes  yes  yes  no  no  no  no
        8.16 yes  yes  yes  yes  yes  no  no  no  no
        8.17 no   yes  yes  yes  yes  no  no  no  no
        8.18 no   no   yes  yes  yes  yes no  no  no
        8.19 no   no   no   yes  yes  yes yes yes yes
        9.0  no   no   no   yes  no   yes yes yes yes
        9.1  no   no   no   no   no   yes yes yes yes
        9.2  no   no   no   no   no   no  yes yes yes
        9.3  no   no   no   no   no   no  no  yes yes";

    #[test]
    fn searches_are_those_of_the_documentations_table() {
        let version = |text: &str| text.parse::<StackVersion>().unwrap();
        let mut rows = SEARCHES.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
        let remotes = rows.next().unwrap();
        for row in rows {
            let (from, cells) = (row[0], &row[1..]);
            assert_eq!(cells.len(), remotes.len(), "{from}");
            for (to, cell) in remotes.iter().zip(cells) {
                let searches = version(&format!("{from}.1")).searches(version(&format!("{to}.2")));
                assert_eq!(if searches { "yes" } else { "no" }, *cell, "{from} searches {to}");
            }
        }
    }

    #[test]
    fn searches_of_later_versions_follow_the_rule() {
        let searches = |from: &str, to: &str| from.parse::<StackVersion>().unwrap().searches(to.parse().unwrap());
        assert!(searches("9.5.3", "9.5.3") && searches("9.5.3", "9.4.0") && searches("8.19.21", "9.5.3"));
        assert!(!searches("9.5.3", "9.3.0") && !searches("9.5.3", "8.19.21") && !searches("10.0.0", "9.5.3"));
    }
}
