//! `mesh join`: an invitation, or a cluster that `mesh` does not run, becomes a peer.

use std::time::{Duration, Instant};

use crate::{
    apply::{Apply, wait::Patience},
    cli::{ForeignArgs, JoinArgs},
    commands::{interruptible, steady::carry_out_rounds, steady::reconcile_until_steady, time_for},
    console::Console,
    error::{Error, Exit},
    facts::observed::Observed,
    judge::{
        check::Finding,
        peers::{require_free_aliases, require_licenses},
    },
    mesh::{
        Mesh,
        peers::{
            Endpoint, Invitation,
            join::{ForeignCluster, JoinError, JoinOptions, Joined},
        },
        shell_word::{file_word, shell_word},
    },
    plan::{join::joining, reconcile::PlanInputs, rolling, rolling::Turns},
    session::{Place, Session, now},
    world::handed_over,
};

/// More than clocks differ that are kept right.
const CLOCKS_APART: Duration = Duration::from_mins(2);

pub async fn join(args: &JoinArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    // before the lock: what is wrong with a file is known without the mesh
    let handed_over = HandedOver::read(args)?;
    let session = Session::to_change(place, args.plan.dry_run).await?;
    let recorded = session.recorded_with_templates()?;
    let Joined { mesh, name, access } = handed_over.join(recorded, args).map_err(|error| in_full(error, args))?;
    let there = session.observe_recorded(&mesh).await?;
    require_free_aliases(&mesh, &name, &there).map_err(|error| in_full(error, args))?;
    require_licenses(&mesh, &name, &there)?;
    let inputs = PlanInputs { offered: [(name.clone(), access.facts())].into(), ..session.inputs() };
    let plan = joining(&mesh, &there, &inputs)?;
    // on a dry run, too: the digest is to be compared before joining
    console.invitation(&mesh, &name, handed_over.digest().as_deref());
    if handed_over.is_of_the_future() {
        console.findings(&[Finding::warning(
            "the invitation was made later than it is now: the clocks of the two machines are apart",
            "compare `date -u` on both, and have both keep time by NTP",
        )]);
    }
    if args.plan.dry_run {
        console.plan(&mesh, &plan.whole, args.plan.format);
        return Ok(Exit::Done);
    }
    console.intent(&mesh, &plan.whole);
    let patience = Patience::new(time_for(None, mesh.count().get()));
    let apply = Apply::new(&session, &mesh, console, &patience).with_access([(name.clone(), access)].into());
    apply.lift_record()?;
    interruptible(&patience, console, async {
        apply.apply(&plan.first).await?;
        reconcile_until_steady(&apply, inputs).await?;
        let next =
            |mesh: &Mesh, there: &Observed, inputs: &PlanInputs| rolling::next(mesh, there, inputs, Turns::Settings);
        Box::pin(carry_out_rounds(&session, mesh.clone(), &patience, console, &next)).await?;
        patience.restart();
        apply.apply(&plan.last).await
    })
    .await?;
    console.joined(&mesh, &name, args.invitation.as_deref(), begun.elapsed());
    Ok(Exit::Done)
}

/// An error whose hint names the file as it was typed, with the options that it does not name itself: without `--on`,
/// it would link more clusters.
fn in_full(error: impl Into<Error>, args: &JoinArgs) -> Error {
    let error = error.into();
    let (Some(hint), Some(path)) = (&error.hint, &args.invitation) else { return error };
    let options = [
        ("--on", args.on.as_ref().map(ToString::to_string)),
        ("--peer", args.peer.as_ref().map(ToString::to_string)),
        ("--suffix", args.suffix.as_ref().map(shell_word)),
    ];
    let typed = options.into_iter().filter(|(option, _)| !hint.contains(option));
    let typed: Vec<String> = typed.filter_map(|(option, value)| Some(format!(" {option} {}", value?))).collect();
    let hint = hint.replace("mesh join FILE", &format!("mesh join {}{}", file_word(path), typed.concat()));
    error.hint(hint)
}

/// What another owner handed over.
enum HandedOver {
    Invitation(Box<Invitation>),
    Foreign(Box<ForeignCluster>),
}

impl HandedOver {
    fn read(args: &JoinArgs) -> Result<Self, Error> {
        if let Some(path) = &args.invitation {
            return Ok(Self::Invitation(Box::new(handed_over::invitation(path, now())?)));
        }
        let ForeignArgs { remote, address, key_file, ca, server_name } = &args.foreign;
        let (Some(name), Some(address), Some(key_file)) = (remote.clone(), address.clone(), key_file) else {
            return Err(
                Error::new(Exit::Request, "neither an invitation nor a remote is named").hint("see `mesh join --help`")
            );
        };
        let access = handed_over::access(key_file, &ca.clone().unwrap_or_default())?;
        let at = Endpoint { address, others: Vec::new(), server_name: server_name.clone() };
        Ok(Self::Foreign(Box::new(ForeignCluster { name, at, access })))
    }

    fn join(&self, mesh: Mesh, args: &JoinArgs) -> Result<Joined, JoinError> {
        let on = args.on.clone();
        match self {
            Self::Invitation(invitation) => {
                mesh.join(invitation, JoinOptions { peer: args.peer.clone(), suffix: args.suffix.clone(), on })
            }
            Self::Foreign(foreign) => mesh.join_foreign((**foreign).clone(), on),
        }
    }

    fn is_of_the_future(&self) -> bool {
        matches!(self, Self::Invitation(invitation) if invitation.made > now() + CLOCKS_APART)
    }

    fn digest(&self) -> Option<String> {
        match self {
            Self::Invitation(invitation) => Some(invitation.digest()),
            Self::Foreign(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        join: JoinArgs,
    }

    #[test]
    fn a_hint_repeats_what_was_typed() {
        let hint = |error: JoinError, options: &[&str]| {
            let line = Line::parse_from(["mesh", "from london.json"].iter().chain(options));
            in_full(error, &line.join).hint.unwrap()
        };
        let (alias, suffix) = ("cluster01".parse().unwrap(), "london".parse().ok());
        let taken = JoinError::AliasTaken { alias, taken_by: None, suffix };
        let known = JoinError::Known("london".parse().unwrap());
        let long = JoinError::NameTaken("a-name-of-a-mesh-as-long-as-any".get(..30).unwrap().parse().unwrap());
        let found = [
            hint(taken.clone(), &[]),
            hint(taken, &["--on", "2", "--peer", "london"]),
            hint(known, &["--peer", "other", "--suffix", "x"]),
            hint(long, &[]),
        ];
        insta::assert_snapshot!(found.join("\n"), @r"
        `mesh join 'from london.json' --suffix london` gives its clusters names such as cluster01-london
        `mesh join 'from london.json' --on 2 --peer london --suffix london` gives its clusters names such as cluster01-london
        `mesh join 'from london.json' --suffix x --peer london` takes the new keys; or first `mesh leave london`
        give this one another name: `mesh join 'from london.json' --peer a-name-of-a-mesh-as-long-as--2`; or first `mesh leave a-name-of-a-mesh-as-long-as-an`
        ");
    }
}
