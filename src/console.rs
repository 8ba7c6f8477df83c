//! The only file that prints. stdout carries what was asked for, stderr everything else. I/O: the terminal.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    error::Error,
    mesh::{Mesh, id::ServiceKind, layout},
    plan::{
        Plan, Step,
        check::{Finding, Severity},
    },
};

/// Where messages go, and whether somebody is there to read and answer them.
#[derive(Debug)]
pub struct Console {
    /// stderr is a terminal: a live line shows what is going on.
    live: bool,
    /// Somebody can be asked.
    interactive: bool,
}

/// A line to stdout; a reader that has gone away is none of our business.
fn out(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// A line to stderr.
fn err(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// `3.2 s`, or `4 min 10 s`.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{}.{} s", seconds, time.subsec_millis() / 100)
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

/// Bytes for people.
pub fn bytes(count: u64) -> String {
    indicatif::BinaryBytes(count).to_string()
}

impl Console {
    pub fn new() -> Self {
        let live = io::stderr().is_terminal();
        Self { live, interactive: live && io::stdin().is_terminal() }
    }

    pub fn error(&self, error: &Error) {
        err(&format!("error: {error}"));
    }

    pub fn note(&self, text: &str) {
        err(text);
    }

    pub fn findings(&self, findings: &[Finding]) {
        for finding in findings {
            let word = match finding.severity {
                Severity::Warning => "warning",
                Severity::Estimate | Severity::Problem => "problem",
            };
            err(&format!("{word}: {}\n  {}", finding.message, finding.hint));
        }
    }

    /// The whole plan, for `--dry-run`.
    pub fn plan(&self, plan: &Plan) {
        if plan.is_empty() {
            out("nothing to do: the mesh is as asked");
        } else {
            out(plan.to_string().trim_end());
            let steps = plan.steps().count();
            out(&format!(
                "\n{steps} steps in {} stages; + adds, ~ changes, - removes, ? waits. Nothing was changed",
                plan.stages.len()
            ));
        }
    }

    /// What is about to happen, in two lines.
    pub fn intent(&self, mesh: &Mesh, plan: &Plan) {
        let (count, version) = (mesh.spec.clusters.number(), mesh.spec.stack_version);
        let kibana = if mesh.spec.kibana { " with Kibana" } else { "" };
        err(&format!(
            "a mesh of {count} {}, Elasticsearch {version}{kibana}, in {}",
            clusters(count),
            mesh.dir.display()
        ));
        let steps = plan.steps().count();
        let count = |wanted: fn(&Step) -> bool| plan.steps().filter(|step| wanted(step)).count();
        let made = count(|step| matches!(step, Step::CreateContainer(_)));
        let gone = count(|step| matches!(step, Step::RemoveContainer(_)));
        let again = count(|step| matches!(step, Step::RestartContainer(_)));
        err(&format!(
            "{steps} steps in {} stages (`--dry-run` shows them); containers: {made} made, {gone} removed, {again} restarted",
            plan.stages.len()
        ));
    }

    /// What a plan takes away, with the bytes on disk of what it deletes.
    pub fn removals(&self, plan: &Plan, size: Option<u64>) {
        err("this goes:");
        for step in plan.steps() {
            let is_thing = matches!(
                step,
                Step::RemoveContainer(_) | Step::RemoveStray(_) | Step::RemoveNetwork { .. } | Step::RemoveHosts
            );
            if is_thing || step.destroys() {
                err(&format!("  - {step}"));
            }
        }
        if plan.destroys() {
            err(&format!("{} on disk", size.map_or("an unknown amount".to_owned(), bytes)));
        }
    }

    /// Whether somebody can be asked at all.
    pub fn can_ask(&self) -> bool {
        self.interactive
    }

    /// Asks a question that only `yes` agrees to.
    pub fn agreed(&self, question: &str) -> bool {
        let _ = write!(io::stderr(), "{question} [yes/no] ");
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        read.is_ok() && matches!(answer.trim(), "yes" | "y")
    }

    pub fn stage(&self, title: &'static str, count: usize) -> StageLine {
        let bar = self.live.then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("  {spinner} {prefix} {wide_msg}").expect("should be a template");
            bar.set_style(style);
            bar.set_prefix(title);
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        StageLine { title, count, begun: Instant::now(), bar }
    }

    /// What a finished `mesh create` leaves its user with.
    pub fn welcome(&self, mesh: &Mesh, took: Duration) {
        let count = mesh.spec.clusters.number();
        out(&format!(
            "\n{count} {} in {}, every link proved ({})\n",
            clusters(count),
            mesh.dir.display(),
            duration(took)
        ));
        for cluster in mesh.clusters() {
            let urls: Vec<String> =
                mesh.services().filter(|s| s.cluster == cluster).map(|s| format!("{:<32}", mesh.url(s))).collect();
            out(format!("  {cluster}  {}", urls.join(" ")).trim_end());
        }
        let dir = mesh.dir.display();
        let authority = mesh.dir.join(layout::BUNDLE);
        let authority = authority.display();
        out(&format!(
            "\n  user elastic, password in {dir}/{}; authorities for browsers in {authority}",
            layout::CREDENTIALS
        ));
        let first =
            mesh.url(mesh.clusters().next().expect("should have a first cluster").service(ServiceKind::Elastic));
        out("\ntry next:");
        let login =
            format!("-u \"elastic:$(sed -n s/^elastic=//p {dir}/{})\" --cacert {authority}", layout::CREDENTIALS);
        out(&format!("  curl {login} '{first}/_resolve/cluster/*:*?pretty'"));
        out(&format!("  curl {login} '{first}/cluster*:mesh-*/_search?pretty'"));
        out(&format!("  mesh manage restart 1 {count}"));
    }

    /// Nothing had to be done.
    pub fn unchanged(&self, mesh: &Mesh, took: Duration) {
        let count = mesh.spec.clusters.number();
        out(&format!(
            "nothing to do: {count} {} in {}, every link connected ({})",
            clusters(count),
            mesh.dir.display(),
            duration(took)
        ));
    }

    /// The last line of a command that did something.
    pub fn done_in(&self, text: &str, took: Duration) {
        out(&format!("{text} ({})", duration(took)));
    }

    /// The last line of a command.
    pub fn done(&self, text: &str) {
        out(text);
    }
}

fn clusters(count: u8) -> &'static str {
    if count == 1 { "cluster" } else { "clusters" }
}

/// One stage's line: live while it runs, plain when it is done.
#[derive(Debug)]
pub struct StageLine {
    title: &'static str,
    count: usize,
    begun: Instant,
    bar: Option<ProgressBar>,
}

impl StageLine {
    /// What is going on just now; seen only on a terminal.
    pub fn now(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(text.to_owned());
        }
    }

    pub fn done(self) {
        self.end('✓');
    }

    pub fn failed(self) {
        self.end('✗');
    }

    fn end(self, mark: char) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        err(&format!("  {mark} {:<30} {:>4}   {}", self.title, self.count, duration(self.begun.elapsed())));
    }
}
