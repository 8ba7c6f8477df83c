//! One of the two machines: what runs on it, and what befalls it.

use std::{
    ops::Deref,
    path::PathBuf,
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{engine::Engine, network, place};
use crate::support::{
    docker::last_words,
    home::Home,
    mesh::{SMALL, of_directory},
    run::{Run, Running},
};

/// A machine and the mesh on it, whose directory, clusters and credentials are those of [`Home`].
pub struct Machine {
    number: u8,
    home: Home,
    address: Mutex<String>,
    engine: Mutex<Option<Engine>>,
}

impl Deref for Machine {
    type Target = Home;

    fn deref(&self) -> &Home {
        &self.home
    }
}

impl Machine {
    /// Plugged in and switched on; its engine does not answer yet.
    pub(super) fn start(number: u8) -> Self {
        let machine = Self {
            number,
            home: Home::in_network(place(number).join("mesh"), &network::file(number)),
            address: Mutex::new(format!("10.99.0.{number}")),
            engine: Mutex::default(),
        };
        machine.switch_on();
        machine
    }

    fn root(&self) -> PathBuf {
        place(self.number).join("docker")
    }

    fn engine(&self) -> MutexGuard<'_, Option<Engine>> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn switch_on(&self) {
        network::add(self.number);
        network::plug(self.number, &self.address());
        self.start_engine();
    }

    fn start_engine(&self) {
        *self.engine() = Some(Engine::start(&place(self.number), self.number, &self.root()));
    }

    pub(super) fn await_engine(&self) {
        self.engine().as_mut().expect("should be on").await_answer();
    }

    /// Cuts its power: every process is gone at once.
    pub fn switch_off(&self) {
        drop(self.engine().take());
    }

    /// Its power is cut, and it comes back with the disk and the address that it had.
    pub fn reboot(&self) {
        self.switch_off();
        self.switch_on_again();
    }

    /// It comes back with the disk and the address that it had.
    pub fn switch_on_again(&self) {
        network::remove(self.number);
        self.switch_on();
        self.await_engine();
    }

    /// It comes back, and its engine is there before its address.
    pub fn switch_on_without_address(&self) {
        network::remove(self.number);
        network::add(self.number);
        network::plug(self.number, &self.address());
        network::remove_address(self.number, &self.address());
        self.start_engine();
        self.await_engine();
    }

    pub fn gets_address(&self) {
        network::add_address(self.number, &self.address());
    }

    /// A program on this machine.
    pub fn enter(&self, program: &str) -> Command {
        self.engine().as_ref().expect("should be on").command(program)
    }

    /// Starts `mesh … --dir DIR`.
    pub fn begin(&self, args: &[&str]) -> Running<'_> {
        let mut command = self.enter(env!("CARGO_BIN_EXE_mesh"));
        of_directory(&mut command, &self.dir, args);
        Running::start(&self.home, format!("machine {}: mesh {}", self.number, args.join(" ")), command)
    }

    /// Runs `mesh … --dir DIR` to its end.
    pub fn mesh(&self, args: &[&str]) -> Run {
        self.begin(args).end()
    }

    /// Runs `mesh … --dir DIR` to its end, which has to be this exit code.
    pub fn run(&self, args: &[&str], exit: i32) -> Run {
        let run = self.mesh(args);
        assert_eq!(run.exit, Some(exit), "`mesh {}` printed\n{}{}", args.join(" "), run.stdout, run.stderr);
        run
    }

    /// Whether `mesh status` finds nothing; asked without a line in the test's output.
    pub fn is_in_sync(&self) -> bool {
        let mut command = self.enter(env!("CARGO_BIN_EXE_mesh"));
        of_directory(&mut command, &self.dir, &["status"]);
        command.output().expect("should start").status.success()
    }

    /// Creates clusters of the smallest size, without Kibana.
    pub fn create(&self, args: &[&str]) -> Run {
        self.run(&[&["create"], args, &["--no-kibana"], &SMALL].concat(), 0)
    }

    /// Whether `docker …` succeeds, and what it prints on both streams.
    pub fn try_docker(&self, args: &[&str]) -> (bool, String) {
        let output = self.enter("docker").args(args).output().expect("should start");
        let printed = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
    }

    /// What `docker …` prints, which has to succeed.
    pub fn docker(&self, args: &[&str]) -> String {
        let (succeeded, printed) = self.try_docker(args);
        assert!(succeeded, "machine {}: `docker {}`: {printed}", self.number, args.join(" "));
        printed
    }

    /// Names of all containers, in order.
    pub fn containers(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.docker(&["ps", "--all", "--format", "{{.Names}}"]).lines().map(str::to_owned).collect();
        names.sort();
        names
    }

    /// Its host name.
    pub fn name(&self) -> String {
        format!("machine{}", self.number)
    }

    pub fn address(&self) -> String {
        self.address.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives it another address in place of the one that it has.
    pub fn change_address(&self, new: &str) {
        network::remove_address(self.number, &self.address());
        network::add_address(self.number, new);
        new.clone_into(&mut self.address.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Nothing comes from it any more, and nothing is closed.
    pub fn goes_silent(&self) {
        network::set_wire(self.number, "down");
    }

    pub fn comes_back(&self) {
        network::set_wire(self.number, "up");
    }

    /// Whether a TCP connection from here is accepted.
    pub fn reaches(&self, address: &str, port: u16) -> bool {
        let connect = r#"exec 3<>"/dev/tcp/$0/$1""#;
        let mut command = self.command("timeout");
        command.args(["2", "bash", "-c", connect, address, &port.to_string()]);
        command.output().expect("bash should be there").status.success()
    }

    /// Everything that its `mesh` printed, and how its containers ended.
    pub(super) fn last_words(&self) -> String {
        let (_, names) = self.try_docker(&["ps", "--all", "--format", "{{.Names}}"]);
        let names: Vec<String> = names.lines().map(str::to_owned).collect();
        let words = last_words(|args| self.try_docker(args), &names);
        format!("--- machine {}: everything that mesh printed:\n{}{words}", self.number, self.printed())
    }
}
