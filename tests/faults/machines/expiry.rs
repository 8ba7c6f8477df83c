//! A guest's key that really ends, after a minute.

use std::time::Duration;

use time::OffsetDateTime;

use crate::support::{
    Parts, links,
    machines::{
        Machines,
        invitation::Invitation,
        joined::{causes, finds, search},
    },
    wait_for,
};

const LIFETIME: Duration = Duration::from_mins(1);
/// From the key's end until a search is skipped.
const NOTICED: Duration = Duration::from_secs(30);

#[test]
#[ignore = "waits for a minute: run by scripts/faults"]
fn an_invitation_of_one_minute_expires() {
    let parts = Parts::begin();
    let machines = Machines::two();
    let Machines { one, two, .. } = &machines;
    machines.create();

    parts.part("machine 1 joins by keys of a minute");
    let file = machines.handed_over("short");
    let path = file.display().to_string();
    let invitation = Invitation::to_clusters(two, &one.name(), &[2, 3], LIFETIME);
    invitation.write(&file);
    one.run(&["join", &path], 0);
    let ends = invitation.expires;
    assert!(OffsetDateTime::now_utc() < ends, "the machine is too slow for keys of a minute");
    finds(&one.cluster(1), &["cluster01", "cluster02", "cluster03"]);

    parts.part("they end: searches skip machine 2, and `verify` says why");
    let left = Duration::try_from(ends - OffsetDateTime::now_utc()).unwrap_or_default();
    let found = wait_for("a search without machine 2", left + NOTICED, || {
        let (found, _) = search(&one.cluster(1));
        (links::sources(&found) == ["cluster01"]).then_some(found)
    });
    assert_eq!(links::fate(&found, "cluster02"), "skipped", "{found}");
    wait_for("the end", NOTICED, || (OffsetDateTime::now_utc() > ends).then_some(()));
    assert_eq!(causes(one), ["peer-key-expired", "peer-key-expired"]);
    let status = one.run(&["status"], 1);
    assert!(status.stdout.contains("expired") || status.stderr.contains("expired"), "{}", status.stdout);
    let again = one.run(&["join", &path], 2);
    assert!(again.stderr.contains("expired"), "{}", again.stderr);

    parts.part("a new invitation mends it");
    machines.join(one);
    finds(&one.cluster(1), &["cluster01", "cluster02", "cluster03"]);
    one.run(&["status"], 0);
    parts.part("done");
}
