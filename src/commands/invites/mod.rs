//! `mesh invites`: make, list and revoke what lets other meshes search this one.

mod create;
mod revoke;

use crate::{
    cli::{GuestsArgs, InvitesAction},
    console::Console,
    error::{Error, Exit},
    judge::{guests::GuestList, peers::damaged},
    session::{Place, Session, now},
};

pub async fn invites(action: &InvitesAction, place: Place, console: &Console) -> Result<Exit, Error> {
    match action {
        InvitesAction::Create(args) => Box::pin(create::create(args, place, console)).await,
        InvitesAction::Ls(args) => ls(args, place, console).await,
        InvitesAction::Revoke(args) => Box::pin(revoke::revoke(args, place, console)).await,
    }
}

async fn ls(args: &GuestsArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let session = Session::to_look(place).await?;
    let mesh = session.recorded()?;
    let there = session.observe(&mesh).await?;
    let keys = session.world.guest_keys(&mesh, &there, now()).await;
    let guests = GuestList::new(&mesh, &keys, now());
    console.show(args.output.format, &guests, || console.guests(&guests));
    console.findings(&damaged(&there));
    Ok(if guests.all_usable() { Exit::Done } else { Exit::Unhealthy })
}
