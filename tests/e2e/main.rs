//! End to end: the binary against real Docker and real Elasticsearch, asked through their own interfaces and never through
//! the code under test.
//!
//! - [`story`]: one mesh from its first `create` to its `reset`. Start here.
//! - [`drift`]: what somebody changes behind the mesh's back, `create` mends.
//! - [`bad_day`]: two runs at once, a run that is killed late, a server that dies.
//! - [`disk_full`]: no room, at each write in turn.
//! - [`system_calls`]: whole runs whose writes fail, or that end in the middle of one.
//! - [`causes`]: every cause that takes a link down, told and mended.
//! - [`no_way_in`]: every door, tried by those who should not come in.
//! - [`recovery`]: the mesh's own files are lost, and brought back.
//! - [`lifetimes`]: keys and certificates are replaced under load.
//! - [`renewal_kills`]: that is killed, and gone on with.
//! - [`expiry`]: a key that really ends.
//! - [`trial`]: a trial license that really ends.
//! - [`upgrade`]: another version, cluster by cluster, through a kill.
//! - [`names`]: two meshes on one engine.
//! - [`growth`]: how much is asked as a mesh grows.
//! - [`caller`]: somebody who is not root.
//! - [`tour`]: what the commands that look and ask show.
//!
//! Everything else is what these say, one file a subject. Most make the mesh without a name, so they run one after another.

#![expect(clippy::disallowed_methods, reason = "it looks at the machine itself, not through the code under test")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a test run of minutes tells what it is at")]

mod bad_day;
mod caller;
mod causes;
mod create;
mod disk_full;
mod docker;
mod doors;
mod drift;
mod expiry;
mod firewall;
mod growth;
mod hosts;
mod keystore;
mod kills;
mod leftovers;
mod lifetimes;
mod limits;
mod links;
mod load;
mod machine;
mod manage;
mod mesh;
mod names;
mod no_way_in;
mod pairs;
mod recovery;
mod registry;
mod renewal_kills;
mod reset;
mod rest;
mod run;
mod scale;
mod secrets;
mod snapshot;
mod story;
mod system_calls;
mod tour;
mod trial;
mod untried;
mod upgrade;

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

/// Asks until there is an answer. Nothing here waits without a question and a deadline.
fn wait_for<T>(what: &str, longest: Duration, mut question: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(begun.elapsed() < longest, "{what} did not come within {} s", longest.as_secs());
        sleep(Duration::from_millis(20));
    }
}

/// Names what follows, for whoever reads the output; says how long the part before it took.
struct Parts(Instant);

impl Parts {
    fn begin() -> Self {
        Self(Instant::now())
    }

    fn part(&self, title: &str) {
        println!("\n[{:>5.1} s] {title}", self.0.elapsed().as_secs_f64());
    }
}
