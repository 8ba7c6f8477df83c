//! `mesh certs`: show and replace the certificates of services and the authorities that sign them.

use super::renew::{PREPARED, carry_out, chosen};
use crate::{
    cli::{CertsAction, LsArgs},
    console::Console,
    error::{Error, Exit},
    judge::expiry::Certificates,
    mesh::settings::Overrides,
    plan::renew::Renewal,
    session::{Place, Session, now},
};

pub async fn certs(action: &CertsAction, place: Place, console: &Console) -> Result<Exit, Error> {
    match action {
        CertsAction::Ls(args) => ls(args, place, console).await,
        CertsAction::Rotate(args) => {
            let clusters = chosen(&place.dir, &args.renew.clusters)?;
            let (renewal, summary) = if args.ca {
                let peers_joined = args.peers_joined;
                (Renewal { authorities: clusters, peers_joined, ..Renewal::default() }, PREPARED)
            } else {
                let renewal = Renewal { certificates: clusters, ..Renewal::default() };
                (renewal, "certificates replaced, every link proved")
            };
            Box::pin(carry_out(&args.renew, &Overrides::default(), renewal, summary, place, console)).await
        }
    }
}

async fn ls(args: &LsArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let chosen = chosen(&place.dir, &args.clusters)?;
    let session = Session::to_look(place).await?;
    let mesh = session.recorded()?;
    let there = session.observe(&mesh).await?;
    let keys = session.world.guest_keys(&mesh, &there, now()).await;
    let certificates = Certificates::new(&mesh, &there, &chosen, now()).with_guests(&mesh, &there, &keys);
    console.show(args.output.format, &certificates, || {
        console.certificates(&certificates);
        console.authorities_of_guests(&certificates);
    });
    Ok(if certificates.all_usable() { Exit::Done } else { Exit::Unhealthy })
}
