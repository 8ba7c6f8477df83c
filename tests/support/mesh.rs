//! The binary under test, the directory that its mesh lives in, and the promise that nothing of it stays.

use std::{
    fs,
    ops::Deref,
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

use crate::support::{
    docker::{containers, last_words, require_image, try_docker},
    home::Home,
    leftovers::{self, PREFIX},
    run::{Run, Running},
};

/// The flags of every `create` of these tests but those of [`SERVER`]. Small, so that four clusters fit beside a build,
/// and soon up: boots are most of what these tests take.
pub const SMALL: [&str; 8] =
    ["--profile", "smoke", "--registry", "mesh.local", "--elastic-memory", "1g", "--kibana-memory", "512m"];
/// Flags of a `create` with servers as they are by default.
pub const SERVER: [&str; 6] = ["--registry", "mesh.local", "--elastic-memory", "1g", "--kibana-memory", "512m"];
pub const IMAGES: [&str; 3] = [
    "mesh.local/elasticsearch/elasticsearch:9.5.3",
    "mesh.local/elasticsearch/elasticsearch:8.19.21",
    "mesh.local/kibana/kibana:9.5.3",
];

/// Debian's user without privileges.
pub const CALLER: u32 = 65534;

/// One engine, one mesh: whoever forgets `--test-threads=1` waits here.
static ENGINE: Mutex<()> = Mutex::new(());

/// A mesh that exists for one test. It is removed when this is dropped, however the test ends.
pub struct Mesh {
    home: Home,
    /// Runs are those of [`CALLER`].
    unprivileged: bool,
    _engine: MutexGuard<'static, ()>,
}

impl Mesh {
    /// A directory of its own, on an engine without any mesh.
    pub fn new(name: &str) -> Self {
        let engine = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(nix::unistd::geteuid().is_root(), "these tests have to be run as root");
        IMAGES.into_iter().for_each(require_image);
        leftovers::clear();
        fs::create_dir_all(PREFIX).expect("should be writable");
        Self { home: Home::here(Path::new(PREFIX).join(name)), unprivileged: false, _engine: engine }
    }

    /// A mesh that a user without privileges runs, who may use Docker's socket.
    pub fn unprivileged(mut self) -> Self {
        // where the binary is built others may not look
        fs::copy(env!("CARGO_BIN_EXE_mesh"), Self::binary_for_all()).expect("should be writable");
        fs::create_dir(Self::callers_home()).expect("should be writable");
        chown(Self::callers_home(), Some(CALLER), Some(CALLER)).expect("should be ours to give");
        self.unprivileged = true;
        self
    }

    fn binary_for_all() -> PathBuf {
        Path::new(PREFIX).join("mesh")
    }

    fn callers_home() -> PathBuf {
        Path::new(PREFIX).join("home")
    }

    fn command(&self) -> Command {
        if !self.unprivileged {
            return Command::new(env!("CARGO_BIN_EXE_mesh"));
        }
        let socket = fs::metadata("/var/run/docker.sock").expect("Docker should have its socket");
        let mut command = Command::new("setpriv");
        let caller = CALLER.to_string();
        command.args(["--reuid", &caller, "--regid", &caller, "--groups", &socket.gid().to_string()]);
        command.arg(Self::binary_for_all()).env("HOME", Self::callers_home());
        command
    }

    pub fn containers(&self) -> Vec<String> {
        containers(&format!("mesh.dir={}", self.dir.display()))
    }

    /// Starts `mesh … --dir DIR` without a terminal.
    pub fn start(&self, args: &[&str]) -> Running<'_> {
        self.spawn(self.command(), args)
    }

    /// Starts `mesh` as the program that `tool` runs, as `strace` does.
    pub fn start_under(&self, tool: &[&str], args: &[&str]) -> Running<'_> {
        let mut command = Command::new(tool[0]);
        command.args(&tool[1..]).arg(env!("CARGO_BIN_EXE_mesh"));
        self.spawn(command, args)
    }

    fn spawn(&self, mut command: Command, args: &[&str]) -> Running<'_> {
        of_directory(&mut command, &self.dir, args);
        Running::start(self, format!("mesh {}", args.join(" ")), command)
    }

    /// Runs it to its end, which has to be this exit code.
    pub fn run(&self, args: &[&str], exit: i32) -> Run {
        let run = self.start(args).end();
        assert_eq!(run.exit, Some(exit), "`mesh {}` printed\n{}{}", args.join(" "), run.stdout, run.stderr);
        run
    }

    pub fn create(&self, args: &[&str]) -> Run {
        self.run(&[&["create"], args, &SMALL].concat(), 0)
    }

    /// Creates it with servers as they are by default.
    pub fn create_server(&self, args: &[&str]) -> Run {
        self.run(&[&["create"], args, &SERVER].concat(), 0)
    }
}

/// The rest of a command line of `mesh`, without settings of this process's environment.
pub fn of_directory(command: &mut Command, dir: &Path, args: &[&str]) {
    for variable in ["MESH_DIR", "MESH_REGISTRY", "MESH_LOG"] {
        command.env_remove(variable);
    }
    command.args(args).arg("--dir").arg(dir);
}

impl Deref for Mesh {
    type Target = Home;

    fn deref(&self) -> &Home {
        &self.home
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        let failed = thread::panicking();
        if failed {
            eprintln!(
                "--- {} failed; everything that mesh printed:\n{}{}",
                self.dir.display(),
                self.printed(),
                last_words(try_docker, &self.containers())
            );
        }
        let clean = leftovers::clear_directory(&self.dir);
        let _ = fs::remove_dir_all(PREFIX);
        assert!(clean || failed, "`mesh reset --yes` could not remove {}", self.dir.display());
    }
}
