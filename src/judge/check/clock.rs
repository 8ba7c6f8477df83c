//! Is the machine's clock right? Certificates and API keys go by it. Pure.

use time::{OffsetDateTime, macros::datetime};

use super::{Checked, Finding};
use crate::{
    facts::{host::ClockFacts, observed::Observed},
    mesh::certs,
};

/// This program was made after it.
const EARLIEST: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);

/// A moment to the minute: `2026-11-22 15:12 UTC`.
fn minute(moment: OffsetDateTime) -> String {
    let form = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    moment.format(form).expect("should be a year that can be written")
}

pub(super) fn clock(clock: ClockFacts, there: &Observed) -> Checked {
    let ClockFacts { now, synchronized } = clock;
    let hint = "set it, and have it kept right with `timedatectl set-ntp true`";
    let begins = |(cluster, authority): (_, &String)| Some((certs::examine(authority).ok()?.not_before, cluster));
    let authorities = there.files.iter().filter_map(|(cluster, files)| Some((*cluster, files.authority.as_ref()?)));
    let newest = authorities.filter_map(begins).max_by_key(|(begins, _)| *begins);
    let finding = if now < EARLIEST {
        Some(Finding::problem(format!("the clock says {}, which is before this `mesh` was made", minute(now)), hint))
    } else if let Some((begins, cluster)) = newest.filter(|(begins, _)| *begins > now) {
        let message =
            format!("the clock says {}, and the authority of {cluster} begins {}", minute(now), minute(begins));
        let right = format!("{hint}; where it is right, `mesh certs rotate --ca` replaces what begins later");
        Some(Finding::problem(message, right))
    } else {
        (synchronized == Some(false)).then(|| {
            Finding::warning(
                format!("the clock says {}, and nothing keeps it right", minute(now)),
                "have it kept right with `timedatectl set-ntp true`: certificates and API keys go by it",
            )
        })
    };
    if finding.is_none() && synchronized.is_none() {
        return Checked::unknown(
            "clock",
            format!("it says {}, and whether it is synchronized is unknown", minute(now)),
        );
    }
    Checked::new("clock", format!("it says {}, and is synchronized", minute(now)), finding)
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::{
        facts::observed::ClusterFiles,
        judge::check::example::rendered,
        mesh::{certs::Authority, id::ClusterId},
    };

    #[test]
    fn a_clock_that_is_wrong_or_left_alone() {
        let now = datetime!(2026-11-22 15:12 UTC);
        let says = |now, synchronized| clock(ClockFacts { now, synchronized }, &Observed::default());
        insta::assert_snapshot!(rendered([
            says(now, Some(true)),
            says(now, None),
            says(now, Some(false)),
            says(datetime!(1970-01-01 00:03 UTC), Some(true)),
        ]), @r"
        good: clock: it says 2026-11-22 15:12 UTC, and is synchronized
        unknown: clock: it says 2026-11-22 15:12 UTC, and whether it is synchronized is unknown
        Warning: the clock says 2026-11-22 15:12 UTC, and nothing keeps it right
          have it kept right with `timedatectl set-ntp true`: certificates and API keys go by it
        Problem: the clock says 1970-01-01 00:03 UTC, which is before this `mesh` was made
          set it, and have it kept right with `timedatectl set-ntp true`
        ");
    }

    #[test]
    fn a_clock_before_the_certificates() {
        let now = datetime!(2026-11-22 15:12 UTC);
        let authority = Authority::issue("cluster01", now + Duration::days(3));
        let files = ClusterFiles { authority: Some(authority.certificate().to_owned()), ..ClusterFiles::default() };
        let there = Observed { files: [(ClusterId::new(1).unwrap(), files)].into(), ..Observed::default() };
        let says = |now| rendered([clock(ClockFacts { now, synchronized: Some(true) }, &there)]);
        assert!(says(now).starts_with(
            "Problem: the clock says 2026-11-22 15:12 UTC, and the authority of cluster01 begins 2026-11-2"
        ));
        assert!(says(now + Duration::days(4)).starts_with("good: "));
    }
}
