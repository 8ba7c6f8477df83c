//! `mesh views`: data views, the names by which Kibana's users look at indices.

mod create;
mod rm;

use crate::{
    cli::{ViewsAction, ViewsArgs},
    console::Console,
    error::{Error, Exit},
    judge::{peers::damaged, views::ViewList},
    session::{Place, Session},
};

pub async fn views(action: &ViewsAction, place: Place, console: &Console) -> Result<Exit, Error> {
    match action {
        ViewsAction::Ls(args) => ls(args, place, console).await,
        ViewsAction::Create(args) => Box::pin(create::create(args, place, console)).await,
        ViewsAction::Rm(args) => Box::pin(rm::rm(args, place, console)).await,
    }
}

async fn ls(args: &ViewsArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let session = Session::to_look(place).await?;
    let mesh = session.recorded()?;
    let there = session.observe(&mesh).await?;
    let found = session.world.data_views(&mesh, &there).await;
    let views = ViewList::new(&mesh, &found);
    console.show(args.output.format, &views, || {
        if found.is_empty() {
            let flags = mesh.flags_for_kibana(mesh.clusters());
            let note = "the mesh has no Kibana, so it has no data views";
            console.note(&format!("{note}; `mesh create {flags}` makes one each"));
        } else {
            console.view_list(&views);
        }
    });
    console.findings(&damaged(&there));
    Ok(if views.is_complete() { Exit::Done } else { Exit::Unhealthy })
}
