//! `mesh invites create`: keys for a guest, in a file that it joins by.

use std::{path::Path, time::Instant};

use rand::{RngExt as _, rand_core::UnwrapErr, rngs::SysRng};

use crate::{
    apply::{Apply, wait::Patience},
    cli::InviteArgs,
    commands::{interruptible, time_for},
    console::Console,
    error::{Error, Exit},
    facts::{guests::keys_of, observed::Observed},
    judge::guests::hindrance,
    mesh::{
        Mesh,
        counted::counted,
        peers::{Draft, Guest, Invitation},
    },
    plan::guests::invite,
    session::{Place, Session, now},
    world::new_file::require_new,
};

pub async fn create(args: &InviteArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let into = file(&args.into);
    if !args.plan.dry_run {
        match into {
            Some(path) => require_new(path)?,
            None => require_pipe(console)?,
        }
    }
    let session = Session::to_change(place, args.plan.dry_run).await?;
    let recorded = session.recorded_with_templates()?;
    let mesh = invited(args, recorded.clone())?;
    let there = session.observe(&mesh).await?;
    session.require_recorded(&there)?;
    let draft = draft(args, &mesh, &there)?;
    let plan = invite(&mesh, &recorded, &draft, into);
    if args.plan.dry_run {
        console.plan(&mesh, &plan, args.plan.format);
        return Ok(Exit::Done);
    }
    let earlier = session.world.guest_keys(&mesh, &there, now()).await;
    let earlier: usize = keys_of(&earlier, &args.guest).values().map(Vec::len).sum();

    let patience = Patience::new(time_for(None, mesh.count().get()));
    let apply = Apply::new(&session, &mesh, console, &patience).with_draft(draft);
    apply.lift_record()?;
    let made = interruptible(&patience, console, apply.apply(&plan)).await.and_then(|()| apply.invitation());
    let handed_over = match into {
        Some(_) => made,
        None => made.and_then(|invitation| printed(invitation, console)),
    };
    let invitation = match handed_over {
        Ok(invitation) => invitation,
        Err(error) => {
            console.taken_back(&args.guest, &apply.take_back_keys().await);
            return Err(error);
        }
    };
    if let Some(path) = into {
        let clusters = counted(invitation.clusters.len() as u64, "cluster");
        let what = format!("invitation of {} to {clusters}, in {}", args.guest, path.display());
        console.done_in(&what, begun.elapsed());
    }
    console.invited(&invitation);
    if earlier > 0 {
        console.note(&format!(
            "{} of earlier invitations still valid: when {} has joined by this one, `mesh invites revoke {} --old`",
            counted(earlier as u64, "key"),
            args.guest,
            args.guest
        ));
    }
    Ok(Exit::Done)
}

/// The file that is named; `None` stands for stdout.
fn file(into: &Path) -> Option<&Path> {
    (into != Path::new("-")).then_some(into)
}

/// An invitation holds keys: a screen keeps them in its history, and a shell makes files that others can read.
fn require_pipe(console: &Console) -> Result<(), Error> {
    if console.pipes_result() {
        return Ok(());
    }
    Err(Error::new(Exit::Request, "an invitation holds API keys, and stdout is no pipe")
        .hint("name a file with `--into FILE`, or send it on by a pipe, as to `ssh`"))
}

/// The invitation, once it is on stdout: a reader that went away does not have it.
fn printed(invitation: Invitation, console: &Console) -> Result<Invitation, Error> {
    console.text(&invitation.render());
    if console.stdout_failed() {
        return Err(Error::new(Exit::Unfinished, "what reads stdout ended before it had the invitation")
            .hint("see why it ended; then type the same command again"));
    }
    Ok(invitation)
}

/// The mesh with the guest; what is not given is as it was before.
fn invited(args: &InviteArgs, mut mesh: Mesh) -> Result<Mesh, Error> {
    let before = mesh.guests.get(&args.guest);
    let on = args.on.clone().or_else(|| before.map(|guest| guest.on.clone())).unwrap_or_else(|| mesh.cluster_set());
    mesh.require(&on)?;
    let share = if args.share.is_empty() {
        before.map(|guest| guest.share.clone()).unwrap_or_default()
    } else {
        args.share.clone()
    };
    let days = args.days.or_else(|| before.map(|guest| guest.days)).unwrap_or(mesh.spec.key_days);
    mesh.guests.insert(args.guest.clone(), Guest { on, share, days });
    Ok(mesh)
}

fn draft(args: &InviteArgs, mesh: &Mesh, there: &Observed) -> Result<Draft, Error> {
    let on = &mesh.guests[&args.guest].on;
    if let Some(hindered) = hindrance(mesh, there, on, now()) {
        return Err(hindered.into());
    }
    let authorities = on.iter().filter_map(|cluster| Some((cluster, there.files.get(&cluster)?.trusted()?)));
    Ok(Draft {
        guest: args.guest.clone(),
        id: format!("{:016x}", UnwrapErr(SysRng).random::<u64>()),
        authorities: authorities.collect(),
    })
}
