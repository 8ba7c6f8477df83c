//! Whether `mesh create` may do what it plans, asked before anything is changed. I/O: disk, the terminal; changes
//! nothing.

use std::collections::BTreeMap;

use crate::{
    cli::CreateArgs,
    commands::refusal::refusal,
    console::Console,
    error::Error,
    explain::Explain as _,
    facts::observed::Observed,
    judge::{
        check::{self, Finding, Severity},
        scope::Scope,
    },
    plan::{
        Transition,
        create::Creation,
        leaving::{Leaving, LeavingError},
    },
    session::Session,
};

/// Everything that speaks against it. What does not keep it from being done is shown.
///
/// # Errors
/// Clusters that go were not named, or a check failed.
pub fn require_ready(
    args: &CreateArgs,
    session: &Session,
    creation: &Creation,
    console: &Console,
) -> Result<(), Error> {
    if !args.reset {
        require_named(args, &Leaving::new(&creation.mesh, session.survey.known(), &creation.there), console)?;
    }
    let Creation { mesh, there, whole, .. } = creation;
    let grows = whole.count(Transition::Creates) > 0;
    let (stops, warnings): (Vec<Finding>, Vec<Finding>) =
        findings(args, session, creation, grows).into_iter().partition(|finding| {
            // mending what was there before needs no more room than it had
            finding.severity == Severity::Problem || (finding.severity == Severity::Estimate && grows && !args.force)
        });
    if !stops.is_empty() {
        return Err(refusal(stops));
    }
    // with nothing to do, only what keeps what was done from being in force
    let in_force = || check::hosts(mesh, there).findings().into_iter().chain(secure_settings(args, creation));
    let shown = if whole.is_empty() { in_force().collect() } else { warnings };
    console.findings(&shown);
    Ok(())
}

fn findings(args: &CreateArgs, session: &Session, creation: &Creation, grows: bool) -> Vec<Finding> {
    let (Session { world, survey, .. }, Creation { mesh, there, whole, .. }) = (session, creation);
    let (mut host, mut listeners) = (survey.host.clone(), survey.listeners.clone());
    if let Some(replaced) = survey.known().filter(|_| args.reset) {
        // what it has is free by then
        host.disk_free += world.size_of(whole).unwrap_or_default();
        listeners = survey.listeners_without(&replaced.id);
    }
    // with room for all that is asked for, whoever has its turn first
    let mut findings = check::machine(&mesh.settled(), there, &host, &listeners);
    findings
        .extend(check::directory(&world.dir, &survey.entries, survey.known().is_some(), survey.writable).findings());
    findings.extend(secure_settings(args, creation));
    findings.extend(check::attached(mesh, whole, there));
    findings.extend(check::mounted_inside(&world.dir, whole, there));
    findings.extend(check::away(mesh, there, whole));
    if grows {
        findings.extend(check::max_map_count(host.limits.max_map_count).findings());
    }
    findings
}

/// What is wrong with files of secure settings. Afresh, no keystore has anything of one that is gone.
fn secure_settings(args: &CreateArgs, Creation { mesh, there, .. }: &Creation) -> Vec<Finding> {
    let kept = if args.reset { BTreeMap::new() } else { there.files.clone() };
    let there = Observed { secure_settings: there.secure_settings.clone(), files: kept, ..Observed::default() };
    check::secure_settings(mesh, Scope::Mesh, &there).findings()
}

/// Whether the clusters that go may go without being named. A dry run deletes nothing, and warns.
fn require_named(args: &CreateArgs, leaving: &Leaving, console: &Console) -> Result<(), Error> {
    match leaving.require(args.remove.as_ref()) {
        Err(error @ LeavingError::Unnamed { .. }) if args.dry_run => {
            console.findings(&[Finding::warning(error.to_string(), error.hint().unwrap_or_default())]);
            Ok(())
        }
        required => {
            if let Some(missing) = required? {
                console.note(&format!("{}: not there any more, nothing to delete", missing.named()));
            }
            Ok(())
        }
    }
}
