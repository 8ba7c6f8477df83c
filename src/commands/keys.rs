//! `mesh keys`: show, extend and replace the API keys by which clusters reach each other, and replace the tokens
//! by which Kibanas log in.

use super::renew::{carry_out, chosen};
use crate::{
    cli::{KeysAction, LsArgs},
    console::Console,
    error::{Error, Exit},
    judge::{expiry::Keys, peers::damaged},
    mesh::settings::Overrides,
    plan::renew::Renewal,
    session::{Place, Session, now},
};

pub async fn keys(action: &KeysAction, place: Place, console: &Console) -> Result<Exit, Error> {
    match action {
        KeysAction::Ls(args) => ls(args, place, console).await,
        KeysAction::Extend(args) => {
            let (extended, shorten) = (chosen(&place.dir, &args.clusters)?, args.shorten);
            let renewal = Renewal { extended, shorten, ..Renewal::default() };
            let asked = Overrides { key_days: args.key_days, ..Overrides::default() };
            let summary = if shorten { "API keys expire at the requested time" } else { "API keys extended" };
            Box::pin(carry_out(&args.renew, &asked, renewal, summary, place, console)).await
        }
        KeysAction::Rotate(args) => {
            let clusters = chosen(&place.dir, &args.clusters)?;
            let (renewal, summary) = if args.kibana {
                let renewal = Renewal { tokens: clusters, ..Renewal::default() };
                (renewal, "service tokens replaced, every Kibana answers with the new one")
            } else {
                let renewal = Renewal { keys: clusters, ..Renewal::default() };
                (renewal, "API keys replaced, every link proved with the new ones")
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
    let records = session.world.key_records(&mesh, &there).await;
    let guests = session.world.guest_keys(&mesh, &there, now()).await;
    let keys = Keys::new(&mesh, &there, &records, &chosen, now()).with_guests(&guests, &chosen, now());
    console.show(args.output.format, &keys, || console.keys(&keys));
    console.findings(&damaged(&there));
    Ok(if keys.all_usable() { Exit::Done } else { Exit::Unhealthy })
}
