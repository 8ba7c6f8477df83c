//! What the tests against a real engine share: the binary and its mesh, Docker, curl, and assertions that more than one
//! test makes. Elasticsearch and Docker are asked through their own interfaces and never through the code under test.

#![allow(dead_code, reason = "each test target uses a part of it")]
#![expect(clippy::disallowed_methods, reason = "it looks at the machine itself, not through the code under test")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a test that takes minutes prints its progress")]

pub mod browser;
pub mod cluster;
pub mod curl;
pub mod docker;
pub mod documents;
pub mod failover;
pub mod firewall;
pub mod home;
pub mod hosts;
pub mod interrupted;
pub mod leftovers;
pub mod links;
pub mod load;
pub mod machines;
pub mod mesh;
pub mod proxy;
pub mod renewal;
pub mod run;
pub mod smoke;
pub mod snapshot;
pub mod versions;

use std::{
    net::{SocketAddr, TcpListener},
    thread::sleep,
    time::{Duration, Instant},
};

/// Asks until there is an answer. Nothing here waits without a question and a deadline. A question that takes long,
/// such as a whole `mesh status`, is asked less often: it takes processor time from what it waits for.
pub fn wait_for<T>(what: &str, longest: Duration, mut question: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        let asked = Instant::now();
        if let Some(answer) = question() {
            return answer;
        }
        assert!(begun.elapsed() < longest, "{what} did not come within {} s", longest.as_secs());
        sleep((asked.elapsed() * 4).clamp(Duration::from_millis(20), Duration::from_secs(1)));
    }
}

/// An address of loopback on which nothing listens.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port should be free");
    listener.local_addr().expect("should have one")
}

/// Names what follows, for whoever reads the output; says how long the part before it took.
pub struct Parts(Instant);

impl Parts {
    pub fn begin() -> Self {
        Self(Instant::now())
    }

    pub fn part(&self, title: &str) {
        println!("\n[{:>5.1} s] {title}", self.0.elapsed().as_secs_f64());
    }
}
