//! Keys, certificates and authorities of one machine's mesh are replaced while the other machine's mesh searches it.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use crate::support::{
    Parts,
    machines::{
        Machine, Machines,
        joined::{ALL, finds, finds_again, is_whole},
    },
};

#[test]
#[ignore = "takes minutes: run by scripts/faults"]
fn the_searched_side_is_renewed_under_searches() {
    let parts = Parts::begin();
    let machines = Machines::two();
    let Machines { one, two, .. } = &machines;
    machines.create();
    machines.join(one);
    two.run(&["verify"], 0);

    parts.part("the keys between its own clusters");
    under_searches(one, || drop(two.run(&["keys", "rotate", "--yes"], 0)));
    parts.part("its certificates");
    under_searches(one, || drop(two.run(&["certs", "rotate", "--yes"], 0)));

    parts.part("the keys of the guest, by a new invitation; the old ones are valid until they are revoked");
    under_searches(one, || {
        let (file, _) = machines.invite(two, &[]);
        finds(&one.cluster(1), &ALL);
        one.run(&["join", &file.display().to_string()], 0);
        two.run(&["invites", "revoke", &one.name(), "--old", "--yes"], 0);
    });

    parts.part("its authorities: prepared, handed to the guest by a new invitation, and in use then");
    under_searches(one, || {
        let prepared = two.run(&["certs", "rotate", "--ca", "--yes"], 0);
        assert!(prepared.stderr.contains("--peers-joined"), "{}", prepared.stderr);
        machines.join(one);
        two.run(&["certs", "rotate", "--ca", "--peers-joined", "--yes"], 0);
    });
    parts.part("new connections are trusted, too");
    two.reboot();
    machines.both().into_iter().for_each(is_whole);
    finds_again(&one.cluster(1), &ALL);
    parts.part("done");
}

/// Ends the searches, also when the change under them panics.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Every search from cluster 1 finds what lies on all clusters, before, during and after.
fn under_searches(machine: &Machine, change: impl FnOnce()) {
    let ended = AtomicBool::new(false);
    let searches = thread::scope(|scope| {
        let searching = scope.spawn(|| {
            let mut searches = 0;
            while !ended.load(Ordering::Relaxed) {
                finds(&machine.cluster(1), &ALL);
                searches += 1;
            }
            searches
        });
        let end = End(&ended);
        change();
        drop(end);
        searching.join().expect("no search should fail")
    });
    println!("          {searches} searches");
    assert!(searches > 0, "should have searched meanwhile");
    finds(&machine.cluster(1), &ALL);
}
