//! One run of the binary: what it says while it goes on, ways to end it, and what is left when it has ended.

use std::{
    fs,
    io::Read,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};

use crate::support::{home::Home, wait_for};

/// Longer than anything here should take, so that a hanging run fails its test and not the machine.
const LONGEST: Duration = Duration::from_mins(4);

/// A run that takes longer than this shows its stages, for whoever wonders where the time went.
const SLOW: Duration = Duration::from_mins(1);

/// A run that has ended.
#[derive(Debug)]
pub struct Run {
    /// `None` for one that was killed.
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
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

    /// Steps that have ended well; printed with `-v`.
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
    home: &'a Home,
    command: String,
    child: Child,
    is_inside: bool,
    longest: Duration,
    stdout: (JoinHandle<()>, Heard),
    stderr: (JoinHandle<()>, Heard),
    begun: Instant,
}

impl<'a> Running<'a> {
    /// Without a terminal.
    pub fn start(home: &'a Home, name: String, mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary should start");
        let stdout = read(child.stdout.take().expect("should be piped"));
        let stderr = read(child.stderr.take().expect("should be piped"));
        let is_inside = command.get_program() == "nsenter";
        Self { home, command: name, child, is_inside, longest: LONGEST, stdout, stderr, begun: Instant::now() }
    }

    /// May take so long.
    #[must_use]
    pub fn within(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// The binary itself, where another program waits for it on a machine of its own.
    pub fn pid(&self) -> u32 {
        let id = self.child.id();
        if !self.is_inside {
            return id;
        }
        // not there before it is started, nor after it has ended
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        children.split_whitespace().next().and_then(|child| child.parse().ok()).unwrap_or(id)
    }

    fn kill(&self) -> bool {
        let pid = Pid::from_raw(self.pid().try_into().expect("should be a process id"));
        signal::kill(pid, Signal::SIGKILL).is_ok()
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
        let killed = self.kill();
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
        assert!(self.kill(), "should be ours to kill");
        self.end()
    }

    /// Waits until `event` has come about, and asks the run to end, as Ctrl-C does.
    pub fn interrupt_when(self, what: &str, event: impl FnMut() -> bool) -> Run {
        self.ask_to_end("-INT", what, event)
    }

    /// Waits until `event` has come about, and sends the run a signal, as `-INT`.
    pub fn ask_to_end(mut self, signal: &str, what: &str, event: impl FnMut() -> bool) -> Run {
        self.come_to(what, event);
        let asked = Command::new("kill").args([signal, &self.pid().to_string()]).status();
        assert!(asked.is_ok_and(|status| status.success()));
        self.end()
    }

    /// Waits until `event` has come about, does something then, and waits for the end.
    pub fn do_when(mut self, what: &str, event: impl FnMut() -> bool, then: impl FnOnce()) -> Run {
        self.come_to(what, event);
        then();
        self.end()
    }

    fn come_to(&mut self, what: &str, mut event: impl FnMut() -> bool) {
        wait_for(what, self.longest, || {
            let ended = self.child.try_wait().expect("should be our child");
            assert!(ended.is_none(), "{} ended before {what}", self.command);
            event().then_some(())
        });
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("should be our child").is_some()
    }

    pub fn end(mut self) -> Run {
        let deadline = self.begun + self.longest;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("should be our child") {
                break status;
            }
            if Instant::now() > deadline {
                self.kill();
            }
            thread::sleep(Duration::from_millis(5));
        };
        let took = self.begun.elapsed();
        let text = |(reader, heard): (JoinHandle<()>, Heard)| {
            reader.join().expect("should have read the pipe");
            heard.text()
        };
        // every command in a hint names the mesh's directory, which is another in each test
        let named = format!(" --dir {}", self.home.dir.display());
        let (stdout, stderr) = (text(self.stdout).replace(&named, ""), text(self.stderr).replace(&named, ""));
        let run = Run { exit: status.code(), stdout, stderr, took };
        println!("          {} ({:.1} s, {status})", self.command, took.as_secs_f64());
        if took > SLOW {
            run.stderr.lines().filter(|line| !line.contains(" DEBUG ")).for_each(|line| println!("{line}"));
        }
        self.home.keep(&format!("$ {}\n{}{}", self.command, run.stdout, run.stderr));
        run
    }
}
