//! `mesh create --renew-only`: what is about to expire is renewed, and nothing else is changed.

use std::time::Instant;

use crate::{
    apply::{Apply, wait::Patience},
    cli::CreateArgs,
    commands::{interruptible, time_for},
    console::Console,
    error::{Error, Exit},
    judge::{
        expiry::soon::{EndsSoon, expiring},
        scope::Scope,
    },
    mesh::settings::Overrides,
    plan::reconcile::{renew_due as plan_of, unread_certificates},
    session::{Place, Session, now},
};

pub async fn renew_due(args: &CreateArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    if args.settings.file.is_some() || args.settings.overrides != Overrides::default() {
        return Err(Error::new(Exit::Request, "`--renew-only` changes no setting")
            .hint("`mesh create` with settings renews on the way; `mesh create --renew-only` takes none"));
    }
    let begun = Instant::now();
    let session = Session::to_change(place, args.dry_run).await?;
    let mesh = session.recorded_with_templates()?;
    let mut there = session.observe_recorded(&mesh).await?;
    let plan = plan_of(&mesh, &there, &session.inputs());
    if args.dry_run {
        console.plan(&mesh, &plan, args.format);
        return Ok(Exit::Done);
    }
    if !plan.is_empty() {
        let patience = Patience::new(time_for(None, mesh.count().get()));
        let apply = Apply::new(&session, &mesh, console, &patience);
        apply.lift_record()?;
        interruptible(&patience, console, async { apply.apply(&plan).await }).await?;
        there = session.observe_recorded(&mesh).await.map_err(Error::part_way)?;
    }
    let mut left = expiring(&mesh, Scope::Mesh, &there, now());
    left.retain(|ending| ending.is_renewable() && !ending.is_early(&mesh));
    let mut words: Vec<String> = left.iter().map(EndsSoon::in_words).collect();
    let mut remedies: Vec<String> = left.iter().map(|ending| format!("`{}`", ending.remedy)).collect();
    // the files alone do not show it: theirs are new
    let unread = unread_certificates(&mesh, &there, &session.inputs());
    if !unread.is_empty() {
        let names: Vec<String> = unread.iter().map(ToString::to_string).collect();
        words.push(format!("certificate shown by {}, although a new one is on disk", names.join(" ")));
        remedies.push("`mesh create`".to_owned());
    }
    if !words.is_empty() {
        return Err(Error::new(Exit::Unhealthy, format!("not renewed: {}", words.join("; "))).hint(remedies.join(", ")));
    }
    if plan.is_empty() {
        console.done("nothing to renew");
    } else {
        console.done_in("renewed what was about to expire", begun.elapsed());
    }
    Ok(Exit::Done)
}
