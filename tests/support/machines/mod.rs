//! Two machines within this one: a network namespace, processes, mounts, a host name and a Docker engine each, on one
//! bridge. `mesh` and Elasticsearch are the real ones; nothing of it touches this machine's own engine, network or
//! `/etc/hosts`.

mod engine;
mod images;
pub mod invitation;
pub mod joined;
mod machine;
mod network;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

pub use machine::Machine;

use crate::support::{docker::require_image, mesh::IMAGES};

/// All that the machines write lies below it. What is kept in it between runs is the image as the engines have it.
const PLACES: &str = "/var/tmp/mesh-machines";
const HANDED_OVER: &str = "handed-over";
const NUMBERS: [u8; 2] = [1, 2];

fn place(number: u8) -> PathBuf {
    Path::new(PLACES).join(number.to_string())
}

/// Two machines at a time, in this process and in others.
static ONE_PAIR: Mutex<()> = Mutex::new(());

/// Two machines that exist for one test. They are removed when this is dropped, however the test ends.
pub struct Machines {
    pub one: Machine,
    pub two: Machine,
    _lock: File,
    _alone: MutexGuard<'static, ()>,
}

impl Machines {
    /// Machines at 10.99.0.1 and 10.99.0.2, each with an engine that has the test image and nothing else.
    pub fn two() -> Self {
        let alone = ONE_PAIR.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(nix::unistd::geteuid().is_root(), "these tests have to be run as root");
        let lock = File::create("/run/mesh-machines.lock").expect("should be writable");
        assert!(lock.try_lock().is_ok(), "another run of these tests has the machines: wait until it has ended");
        let begun = Instant::now();
        require_image(IMAGES[0]);
        clear();
        fs::create_dir_all(PLACES).expect("should be writable");
        let kept = images::prepared();
        let prepared = begun.elapsed();
        network::lay();
        let [one, two] = NUMBERS.map(|number| {
            images::copy(&kept, &place(number).join("docker"));
            Machine::start(number)
        });
        let machines = Self { one, two, _lock: lock, _alone: alone };
        machines.both().into_iter().for_each(Machine::await_engine);
        let (prepared, took) = (prepared.as_secs_f64(), begun.elapsed().as_secs_f64());
        println!("          two machines after {took:.1} s, of which the image took {prepared:.1} s");
        machines
    }

    /// Where a file lies that one machine's owner hands to the other's.
    pub fn handed_over(&self, name: &str) -> PathBuf {
        let dir = Path::new(PLACES).join(HANDED_OVER);
        fs::create_dir_all(&dir).expect("should be writable");
        dir.join(name)
    }

    pub fn both(&self) -> [&Machine; 2] {
        [&self.one, &self.two]
    }

    /// Drops everything between the machines that is of these TCP ports, such as `9401:9499`.
    pub fn partition(&self, ports: &str) {
        network::drop_ports(ports);
    }

    /// Ends every partition.
    pub fn heal(&self) {
        network::drop_nothing();
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        if thread::panicking() {
            self.both().into_iter().for_each(|machine| eprintln!("{}", machine.last_words()));
        }
        self.both().into_iter().for_each(Machine::switch_off);
        clear();
    }
}

/// Leaves nothing of two machines, or of an earlier run that was broken off, but the image.
fn clear() {
    let numbers = || NUMBERS.into_iter().chain([images::LOADER]);
    numbers().for_each(|number| engine::clear(&place(number)));
    network::clear(numbers());
    engine::clear_control_groups();
    for dir in numbers().map(place).chain([Path::new(PLACES).join(HANDED_OVER)]) {
        let _ = fs::remove_dir_all(dir);
    }
}
