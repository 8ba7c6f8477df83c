//! `mesh logs gateway`: what the mesh's own gateway wrote. nginx has no levels or loggers that would be read out of its
//! lines, and none is merged with another's.

use std::collections::VecDeque;

use futures::StreamExt as _;
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::ended;
use crate::{
    ask::log_line::plain,
    cli::LogsArgs,
    console::Console,
    error::{Error, Exit},
    mesh::{gateway::WORD, part::Part},
    session::{Place, Recorded, now, open},
    world::docker::Written,
};

/// The documented form of a line.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    service: &'static str,
    message: &'a str,
}

pub async fn logs_of_gateway(args: &LogsArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let recorded = Recorded::open(&place.dir)?;
    recorded.mesh.require_part(&Part::Gateway)?;
    if args.parts.len() > 1 || args.service.is_some() {
        return Err(Error::new(Exit::Request, "the gateway's lines are printed alone").hint("`mesh logs gateway`"));
    }
    let docker = open(place).await?.docker;
    let name = recorded.mesh.gateway_name();
    let since = args.since.map_or(OffsetDateTime::UNIX_EPOCH, |since| since.moment(now()));
    let print = |written: &Written| {
        let text = plain(&written.line);
        if args.raw {
            return console.line(&text);
        }
        let time = written.at.format(&Rfc3339).unwrap_or_default();
        let line = Line { time, service: WORD, message: &text };
        console.show_one_of_many(args.format, &line, || console.line(&format!("{name} | {} {text}", line.time)));
    };
    let reading = async {
        let mut last = since;
        let mut kept = VecDeque::new();
        let mut lines = docker.logs(&name, since, false);
        while let Some(written) = lines.next().await {
            let written = written?;
            last = written.at + time::Duration::NANOSECOND;
            kept.push_back(written);
            if args.tail.is_some_and(|tail| kept.len() > usize::try_from(tail).unwrap_or(usize::MAX)) {
                kept.pop_front();
            }
        }
        kept.iter().for_each(&print);
        let mut lines = docker.logs(&name, last, true);
        while args.follow && !console.stdout_failed() {
            let Some(written) = lines.next().await else { break };
            print(&written?);
        }
        Ok::<_, Error>(())
    };
    // Ctrl-C is how one stops reading
    tokio::select! {
        outcome = reading => outcome?,
        () = ended() => {}
    }
    Ok(Exit::Done)
}
