//! `mesh certs`: show and replace the certificates of services and the authorities that sign them.

use std::collections::BTreeSet;

use super::renew::{carry_out, chosen};
use crate::{
    cli::{CertsAction, LsArgs},
    console::Console,
    error::{Error, Exit},
    judge::expiry::Certificates,
    mesh::{id::ClusterId, settings::Overrides},
    plan::renew::Renewal,
    session::{Place, Recorded, Session, now},
};

const REPLACED: &str = "authorities and certificates replaced, every link proved";
const PREPARED: &str = "the next authorities are trusted, and sign nothing yet";

pub async fn certs(action: &CertsAction, place: Place, console: &Console) -> Result<Exit, Error> {
    match action {
        CertsAction::Ls(args) => ls(args, place, console).await,
        CertsAction::Rotate(args) => {
            let clusters = chosen(&place.dir, &args.renew.clusters)?;
            let (renewal, summary) = if args.ca {
                let peers_joined = args.peers_joined;
                let prepares = !peers_joined && is_invited_to_all(&place, &clusters)?;
                let renewal = Renewal { authorities: clusters, peers_joined, ..Renewal::default() };
                (renewal, if prepares { PREPARED } else { REPLACED })
            } else {
                let renewal = Renewal { certificates: clusters, ..Renewal::default() };
                (renewal, "certificates replaced, every link proved")
            };
            Box::pin(carry_out(&args.renew, &Overrides::default(), renewal, summary, place, console)).await
        }
    }
}

/// Whether guests are invited to each of these clusters.
fn is_invited_to_all(place: &Place, clusters: &BTreeSet<ClusterId>) -> Result<bool, Error> {
    let mesh = Recorded::open(&place.dir)?.mesh;
    Ok(clusters.iter().all(|of| mesh.guests_of(*of).next().is_some()))
}

async fn ls(args: &LsArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let chosen = chosen(&place.dir, &args.clusters)?;
    let session = Session::to_look(place).await?;
    let mesh = session.recorded()?;
    let there = session.observe(&mesh).await?;
    let certificates = Certificates::new(&mesh, &there, &chosen, now());
    console.show(args.output.format, &certificates, || {
        console.certificates(&certificates);
        console.authorities_of_guests(&mesh);
    });
    Ok(if certificates.all_usable() { Exit::Done } else { Exit::Unhealthy })
}
