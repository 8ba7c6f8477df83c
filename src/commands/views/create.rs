//! `mesh views create`: a view is recorded, and made in every Kibana that is to have it.

use std::time::Instant;

use crate::{
    apply::{Apply, wait::Patience},
    cli::CreateViewArgs,
    commands::{interruptible, steady::reconcile_until_steady, time_for},
    console::Console,
    error::{Error, Exit},
    mesh::{cluster_set::ClusterSet, data_views::View},
    plan::{sync::without_revocation, views::left_on},
    session::{Place, Session},
};

pub async fn create(args: &CreateViewArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let begun = Instant::now();
    let session = Session::to_change(place, args.plan.dry_run).await?;
    let mut mesh = session.recorded_with_templates()?;
    args.on.as_ref().map_or(Ok(()), |on| mesh.require(on))?;
    let view = View { pattern: args.pattern.clone(), on: args.on.clone() };
    if view.shown_on(&mesh).next().is_none() {
        let of = args.on.as_ref().map_or_else(|| "the mesh".to_owned(), ClusterSet::named);
        let flags = mesh.flags_for_kibana(mesh.clusters().filter(|cluster| view.is_on(*cluster)));
        return Err(Error::new(Exit::Request, format!("{of} has no Kibana that would show {}", args.view))
            .hint(format!("`mesh create {flags}` makes one for each; `mesh config` shows what each has")));
    }
    mesh.views.insert(args.view.clone(), view);
    let there = session.observe_recorded(&mesh).await?;
    let plan = without_revocation(&mesh, &there, &session.inputs())?;
    let left = left_on(&mesh, &args.view, &there).map(|left| {
        let (named, verb, view) = (left.named(), if left.single().is_some() { "keeps" } else { "keep" }, &args.view);
        format!(
            "{named} {verb} {view}, since dashboards may refer to it: `mesh views rm {view}` removes it everywhere, \
             and the same command then makes it where it is asked for"
        )
    });
    if args.plan.dry_run {
        console.plan(&mesh, &plan, args.plan.format);
        if let Some(left) = &left {
            console.note(left);
        }
        return Ok(Exit::Done);
    }
    let patience = Patience::new(time_for(None, mesh.count().get()));
    let apply = Apply::new(&session, &mesh, console, &patience);
    apply.lift_record()?;
    interruptible(&patience, console, async {
        apply.apply(&plan).await?;
        reconcile_until_steady(&apply, session.inputs()).await
    })
    .await?;
    console.done_in(&format!("{} shows {}", args.view, args.pattern), begun.elapsed());
    if let Some(left) = &left {
        console.note(left);
    }
    Ok(Exit::Done)
}
