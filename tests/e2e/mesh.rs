//! The binary under test, the directory that its mesh lives in, and the promise that nothing of it stays.

use std::{
    fmt::Write as _,
    fs,
    io::Read,
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{
    docker::{containers, require_image, try_docker},
    leftovers::{self, PREFIX},
    rest::Cluster,
    wait_for,
};

/// What every `create` of these tests is told. Small, so that four clusters fit beside a build.
pub const SMALL: [&str; 6] = ["--registry", "mesh.local", "--elastic-memory", "1g", "--kibana-memory", "512m"];
pub const IMAGES: [&str; 3] = [
    "mesh.local/elasticsearch/elasticsearch:9.5.3",
    "mesh.local/elasticsearch/elasticsearch:8.19.21",
    "mesh.local/kibana/kibana:9.5.3",
];

/// The user `nobody` of Debian and its like.
pub const CALLER: u32 = 65534;

/// Longer than anything here should take, so that a hanging run fails its test and not the machine.
const LONGEST: Duration = Duration::from_mins(4);

/// A run that takes longer than this shows its stages, for whoever wonders where the time went.
const SLOW: Duration = Duration::from_mins(1);

/// One engine, one mesh: whoever forgets `--test-threads=1` waits here.
static ENGINE: Mutex<()> = Mutex::new(());

/// A mesh that exists for one test. It is removed when this is dropped, however the test ends.
pub struct Mesh {
    pub dir: PathBuf,
    printed: Mutex<String>,
    /// Runs are those of [`CALLER`].
    by_nobody: bool,
    _engine: MutexGuard<'static, ()>,
}

/// A run that has ended.
#[derive(Debug)]
pub struct Run {
    /// `None` for one that was killed.
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Mesh {
    /// A directory of its own, on an engine without any mesh.
    pub fn new(name: &str) -> Self {
        let engine = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(nix::unistd::geteuid().is_root(), "these tests have to be run as root");
        IMAGES.into_iter().for_each(require_image);
        leftovers::clear();
        fs::create_dir_all(PREFIX).expect("should be writable");
        Self { dir: Path::new(PREFIX).join(name), printed: Mutex::default(), by_nobody: false, _engine: engine }
    }

    /// The same, run by somebody who may use Docker's socket and is nobody else in particular.
    pub fn called_by_nobody(mut self) -> Self {
        // where the binary is built others may not look
        fs::copy(env!("CARGO_BIN_EXE_mesh"), Self::binary_for_all()).expect("should be writable");
        fs::create_dir(Self::home()).expect("should be writable");
        chown(Self::home(), Some(CALLER), Some(CALLER)).expect("should be ours to give");
        self.by_nobody = true;
        self
    }

    fn binary_for_all() -> PathBuf {
        Path::new(PREFIX).join("mesh")
    }

    fn home() -> PathBuf {
        Path::new(PREFIX).join("home")
    }

    fn command(&self) -> Command {
        if !self.by_nobody {
            return Command::new(env!("CARGO_BIN_EXE_mesh"));
        }
        let socket = fs::metadata("/var/run/docker.sock").expect("Docker should have its socket");
        let mut command = Command::new("setpriv");
        let caller = CALLER.to_string();
        command.args(["--reuid", &caller, "--regid", &caller, "--groups", &socket.gid().to_string()]);
        command.arg(Self::binary_for_all()).env("HOME", Self::home());
        command
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

    pub fn containers(&self) -> Vec<String> {
        containers(&format!("mesh.dir={}", self.dir.display()))
    }

    /// Everything that the binary has printed so far, on both streams.
    pub fn printed(&self) -> String {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts `mesh … --dir DIR` without a terminal.
    pub fn start(&self, args: &[&str]) -> Running<'_> {
        self.spawn(self.command(), args)
    }

    /// The same as the program that `tool` runs, as `strace` does.
    pub fn start_under(&self, tool: &[&str], args: &[&str]) -> Running<'_> {
        let mut command = Command::new(tool[0]);
        command.args(&tool[1..]).arg(env!("CARGO_BIN_EXE_mesh"));
        self.spawn(command, args)
    }

    fn spawn(&self, mut command: Command, args: &[&str]) -> Running<'_> {
        for variable in ["MESH_DIR", "MESH_REGISTRY", "MESH_LOG"] {
            command.env_remove(variable);
        }
        command.args(args).arg("--dir").arg(&self.dir);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary should start");
        let stdout = read(child.stdout.take().expect("should be piped"));
        let stderr = read(child.stderr.take().expect("should be piped"));
        Running {
            mesh: self,
            command: format!("mesh {}", args.join(" ")),
            child,
            stdout,
            stderr,
            begun: Instant::now(),
        }
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

    fn last_words(&self) -> String {
        let mut text = String::new();
        for name in self.containers() {
            let state = "{{.State.Status}}, exit code {{.State.ExitCode}}, out of memory: {{.State.OOMKilled}} {{.State.Error}}";
            let (_, state) = try_docker(&["inspect", "--format", state, &name]);
            let (_, log) = try_docker(&["logs", "--tail", "8", &name]);
            let _ = write!(text, "--- {name}: {state}");
            for line in log.lines() {
                let _ = writeln!(text, "{}", line.chars().take(240).collect::<String>());
            }
        }
        text
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
                self.last_words()
            );
        }
        let clean = leftovers::clear_directory(&self.dir);
        let _ = fs::remove_dir_all(PREFIX);
        assert!(clean || failed, "`mesh reset --yes` could not remove {}", self.dir.display());
    }
}

/// What comes through a pipe, as far as it has come.
#[derive(Clone, Default)]
pub struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// Stages that have ended well.
    pub fn stages(&self) -> usize {
        self.text().matches('✓').count()
    }

    /// Steps that have ended well; told with `-v`.
    pub fn steps(&self) -> usize {
        self.text().matches(": done after ").count()
    }
}

fn read(mut pipe: impl Read + Send + 'static) -> (JoinHandle<()>, Heard) {
    let heard = Heard::default();
    let ours = heard.clone();
    let reader = thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = pipe.read(&mut chunk) {
            ours.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&chunk[..count]);
        }
    });
    (reader, heard)
}

/// A run that goes on.
pub struct Running<'a> {
    mesh: &'a Mesh,
    command: String,
    child: Child,
    stdout: (JoinHandle<()>, Heard),
    stderr: (JoinHandle<()>, Heard),
    begun: Instant,
}

impl Running<'_> {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it says on stderr, as it says it.
    pub fn stderr(&self) -> Heard {
        self.stderr.1.clone()
    }

    /// Ends the run by SIGKILL after so many stages, or after so long, whichever is meant; `None` when it ended before.
    pub fn kill_after(mut self, stages: Option<usize>, time: Duration) -> Option<Run> {
        let heard = self.stderr();
        while self.begun.elapsed() < time && stages.is_none_or(|stages| heard.stages() < stages) {
            if self.child.try_wait().expect("should be our child").is_some() {
                return None;
            }
            thread::sleep(Duration::from_millis(1));
        }
        let killed = self.child.kill().is_ok();
        let run = self.end();
        (killed && run.exit.is_none()).then_some(run)
    }

    /// Ends a run that tells its steps by SIGKILL after so many of them.
    pub fn kill_after_steps(self, steps: usize) -> Run {
        let heard = self.stderr();
        self.kill_when(&format!("{steps} steps"), || heard.steps() >= steps)
    }

    /// Waits until `event` has come about, and ends the run by SIGKILL there and then.
    pub fn kill_when(mut self, what: &str, event: impl FnMut() -> bool) -> Run {
        self.come_to(what, event);
        self.child.kill().expect("should be ours to kill");
        self.end()
    }

    /// Waits until `event` has come about, and asks the run to end, as Ctrl-C does.
    pub fn interrupt_when(self, what: &str, event: impl FnMut() -> bool) -> Run {
        self.ask_to_end("-INT", what, event)
    }

    /// The same by any signal.
    pub fn ask_to_end(mut self, signal: &str, what: &str, event: impl FnMut() -> bool) -> Run {
        self.come_to(what, event);
        let asked = Command::new("kill").args([signal, &self.pid().to_string()]).status();
        assert!(asked.is_ok_and(|status| status.success()));
        self.end()
    }

    fn come_to(&mut self, what: &str, mut event: impl FnMut() -> bool) {
        wait_for(what, LONGEST, || {
            let ended = self.child.try_wait().expect("should be our child");
            assert!(ended.is_none(), "{} ended before {what}", self.command);
            event().then_some(())
        });
    }

    pub fn end(mut self) -> Run {
        let deadline = self.begun + LONGEST;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("should be our child") {
                break status;
            }
            if Instant::now() > deadline {
                let _ = self.child.kill();
            }
            thread::sleep(Duration::from_millis(5));
        };
        let took = self.begun.elapsed();
        let text = |(reader, heard): (JoinHandle<()>, Heard)| {
            reader.join().expect("should have read the pipe");
            heard.text()
        };
        let run = Run { exit: status.code(), stdout: text(self.stdout), stderr: text(self.stderr), took };
        println!("          {} ({:.1} s, {status})", self.command, took.as_secs_f64());
        if took > SLOW {
            println!("{}", run.stderr);
        }
        let mut printed = self.mesh.printed.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = write!(printed, "$ {}\n{}{}", self.command, run.stdout, run.stderr);
        run
    }
}
