//! `mesh keys` and `mesh certs`: help, and what is refused before anybody is asked.

use insta::assert_snapshot;

use crate::{fixture::Fixture, transcript};

#[test]
fn what_cannot_be_renewed() {
    let fixture = Fixture::new(41, "password");
    let printed = |arguments: &[&str]| fixture.neutral(&transcript(&fixture.mesh(arguments).output().unwrap()));
    assert_snapshot!(printed(&["keys", "rotate", "1", "4"]), @r"
    exit 2
    error: there is no cluster 4: the mesh has 3

    hint: `mesh status` shows the clusters
    ");
    for mistake in
        [&["keys", "ls", "4"] as &[&str], &["keys", "extend", "4"], &["certs", "ls", "4"], &["certs", "rotate", "4"]]
    {
        assert!(printed(mistake).starts_with("exit 2\nerror: there is no cluster 4: the mesh has 3\n"), "{mistake:?}");
    }
    assert_snapshot!(printed(&["keys", "extend", "--key-days", "0"]), @r"
    exit 2
    error: invalid value '0' for '--key-days <DAYS>': `0` is not a number of days from 1 to 3650

    For more information, try '--help'.
    ");
    assert_snapshot!(printed(&["certs", "rotate", "gateway"]), @r"
    exit 2
    error: the mesh has no gateway

    hint: `mesh create --gateway ADDRESS:PORT` makes one
    ");
    assert_snapshot!(printed(&["certs", "ls", "2/1"]), @r"
    exit 2
    error: certificates are those of a whole cluster, and 2/1 is a node

    hint: name the cluster: `mesh certs ls 2`, `mesh certs rotate 2`
    ");
    assert!(printed(&["keys", "rotate", "0"]).starts_with("exit 2\n"));
    assert!(printed(&["keys", "rotate", "--ca"]).starts_with("exit 2\n"));
}
