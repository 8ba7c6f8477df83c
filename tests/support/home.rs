//! A mesh's directory, what its commands have printed, and how the ports of its machine are reached: shared by the mesh
//! on this machine and those on machines within it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

use crate::support::cluster::Cluster;

pub struct Home {
    pub dir: PathBuf,
    printed: Mutex<String>,
    /// The network namespace that the mesh's ports are in, where it is not this process's.
    network: Option<PathBuf>,
}

impl Home {
    pub fn here(dir: PathBuf) -> Self {
        Self { dir, printed: Mutex::default(), network: None }
    }

    pub fn in_network(dir: PathBuf, network: &Path) -> Self {
        Self { network: Some(network.to_owned()), ..Self::here(dir) }
    }

    pub fn cluster(&self, number: u8) -> Cluster<'_> {
        Cluster { mesh: self, number }
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.dir.join(relative)
    }

    pub fn read(&self, relative: &str) -> String {
        let path = self.path(relative);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// A value of `credentials.txt`.
    pub fn credential(&self, name: &str) -> String {
        let text = self.read("credentials.txt");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value.unwrap_or_else(|| panic!("credentials.txt should have {name}")).to_owned()
    }

    /// A program that reaches the ports which the mesh publishes.
    pub fn command(&self, program: &str) -> Command {
        let Some(network) = &self.network else { return Command::new(program) };
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", network.display())).args(["--", program]);
        command
    }

    /// Everything that the binary has printed so far, on both streams.
    pub fn printed(&self) -> String {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps what a run has printed, for the case that the test fails.
    pub fn keep(&self, printed: &str) {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner).push_str(printed);
    }
}
