//! `mesh join`, `mesh leave` and `mesh peers ls`: the meshes that this one searches.

mod join;
mod leave;

pub use self::{join::join, leave::leave};

use crate::{
    cli::PeersArgs,
    console::Console,
    error::{Error, Exit},
    judge::peers::{PeerList, damaged},
    session::{Place, Session, now},
};

pub async fn ls(args: &PeersArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let session = Session::to_look(place).await?;
    let mesh = session.recorded()?;
    let there = session.observe(&mesh).await?;
    let list = PeerList::new(&mesh, &there, now());
    console.show(args.output.format, &list, || console.peers(&list));
    console.findings(&damaged(&there));
    Ok(if list.all_reached() { Exit::Done } else { Exit::Unhealthy })
}
