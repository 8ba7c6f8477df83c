//! `mesh logs`: the logs of the services, merged by time.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    pin::Pin,
};

use futures::{
    Stream, StreamExt as _,
    stream::{self, Peekable, SelectAll},
};
use time::OffsetDateTime;

use super::{ended, logs_of_gateway::logs_of_gateway};
use crate::{
    ask::log_line::{LogLine, plain},
    cli::{Format, LogsArgs},
    console::Console,
    error::{Error, Exit},
    mesh::{
        Mesh,
        id::{ServiceId, ServiceKind},
        part::Part,
    },
    session::{Place, Recorded, now, open},
    world::docker::{ContainerSummary, Docker, DockerError, Lines, Written, label},
};

pub async fn logs(args: &LogsArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    if args.parts.contains(&Part::Gateway) {
        return Box::pin(logs_of_gateway(args, place, console)).await;
    }
    let recorded = Recorded::open(&place.dir)?;
    let services = chosen(args, &recorded)?;
    let docker = open(place).await?.docker;
    let there = present(&docker, &recorded.mesh, &services, console).await?;
    if there.is_empty() && !args.follow {
        return Err(Error::new(Exit::Unhealthy, "none of these services has a container").hint(format!(
            "`mesh manage up {}` makes containers again, `mesh create` whatever is missing",
            recorded.mesh.cluster_set()
        )));
    }
    let begun = now();
    let since = args.since.map_or(OffsetDateTime::UNIX_EPOCH, |since| since.moment(begun));
    let mut page = Page::new(args, (&recorded.mesh, &services), since, console);
    let reading = async {
        page.past(&docker, &there).await?;
        if args.follow { page.follow(&docker, &there, begun).await } else { Ok(()) }
    };
    // Ctrl-C is how one stops reading
    tokio::select! {
        outcome = reading => outcome?,
        () = ended() => {}
    }
    Ok(Exit::Done)
}

/// The services that were asked for.
fn chosen(args: &LogsArgs, recorded: &Recorded) -> Result<BTreeSet<ServiceId>, Error> {
    let kind: Option<ServiceKind> = args.service.map(Into::into);
    let mut services = recorded.services(&args.parts)?;
    services.retain(|service| kind.is_none_or(|kind| kind == service.kind()));
    if let (true, Some(Part::Node(node))) = (services.is_empty(), args.parts.first()) {
        let number = node.cluster.number();
        let refused = format!("{node} is a node, and its Kibana is that of the cluster");
        return Err(Error::new(Exit::Request, refused).hint(format!("`mesh logs {number} --service kibana`")));
    }
    if services.is_empty() {
        return Err(Error::new(Exit::Request, "the mesh has no Kibana").hint("`mesh create --kibana` adds it"));
    }
    Ok(services)
}

/// Those that have a container; the others are named.
async fn present(
    docker: &Docker,
    mesh: &Mesh,
    services: &BTreeSet<ServiceId>,
    console: &Console,
) -> Result<BTreeSet<ServiceId>, Error> {
    let ours = |labels: &HashMap<String, String>| labels.get(label::MESH) == Some(&mesh.id);
    let found = docker.containers().await?;
    let found: BTreeSet<ServiceId> =
        found.iter().filter(|found| ours(&found.labels)).filter_map(ContainerSummary::service).collect();
    for service in services.difference(&found) {
        console.note(&format!("{service} has no container"));
    }
    Ok(services.intersection(&found).copied().collect())
}

/// What is printed, and how far each service's log was.
struct Page<'a> {
    raw: bool,
    format: Format,
    /// How many of the lines that are there already are printed of each service; `None` for all of them.
    tail: Option<usize>,
    /// The width of the longest name.
    width: usize,
    /// The time of the last line of each service.
    last: BTreeMap<ServiceId, OffsetDateTime>,
    mesh: &'a Mesh,
    console: &'a Console,
}

impl<'a> Page<'a> {
    fn new(
        args: &LogsArgs,
        (mesh, services): (&'a Mesh, &BTreeSet<ServiceId>),
        since: OffsetDateTime,
        console: &'a Console,
    ) -> Self {
        let width = services.iter().map(|service| service.to_string().len()).max().unwrap_or_default();
        // a line of that very moment is still to come
        let before = since - time::Duration::NANOSECOND;
        let last = services.iter().map(|service| (*service, before)).collect();
        let tail = args.tail.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        Self { raw: args.raw, format: args.format, tail, width, last, mesh, console }
    }

    fn lines(&self, docker: &Docker, service: ServiceId, follow: bool) -> Lines {
        docker.logs(&self.mesh.container_name(service), self.last[&service] + time::Duration::NANOSECOND, follow)
    }

    fn print(&mut self, service: ServiceId, written: &Written) {
        self.last.insert(service, written.at);
        if self.raw {
            self.console.line(&plain(&written.line));
        } else {
            self.console.log(self.format, service, self.width, written.at, &LogLine::read(&written.line));
        }
    }

    /// The last lines of those that were written until now. Docker's own way of asking for them counts pieces of long
    /// lines.
    async fn tail(&mut self, service: ServiceId, mut lines: Lines, count: usize) -> Result<Lines, Error> {
        let mut kept = VecDeque::new();
        while let Some(written) = lines.next().await {
            let written = written?;
            // what is left out is not to come when the log is followed, either
            self.last.insert(service, written.at);
            kept.push_back(Ok(written));
            if kept.len() > count {
                kept.pop_front();
            }
        }
        Ok(Box::pin(stream::iter(kept)))
    }

    /// What was written until now, in order of time.
    async fn past(&mut self, docker: &Docker, services: &BTreeSet<ServiceId>) -> Result<(), Error> {
        let mut logs: Vec<(ServiceId, Pin<Box<Peekable<Lines>>>)> = Vec::new();
        for service in services {
            let lines = self.lines(docker, *service, false);
            let lines = match self.tail {
                Some(count) => self.tail(*service, lines, count).await?,
                None => lines,
            };
            logs.push((*service, Box::pin(lines.peekable())));
        }
        while !self.console.stdout_failed() {
            let mut first: Option<(usize, OffsetDateTime)> = None;
            for (at, (_, log)) in logs.iter_mut().enumerate() {
                let time = match log.as_mut().peek().await {
                    Some(Ok(written)) => written.at,
                    Some(Err(_)) => OffsetDateTime::UNIX_EPOCH,
                    None => continue,
                };
                if first.is_none_or(|(_, earliest)| time < earliest) {
                    first = Some((at, time));
                }
            }
            let Some((at, _)) = first else { break };
            let (service, log) = &mut logs[at];
            if let Some(written) = log.next().await {
                self.print(*service, &written?);
            }
        }
        Ok(())
    }

    /// What is written from now on, by containers that start later, too.
    async fn follow(
        &mut self,
        docker: &Docker,
        services: &BTreeSet<ServiceId>,
        from: OffsetDateTime,
    ) -> Result<(), Error> {
        let mut logs = SelectAll::new();
        for service in services {
            logs.push(named(*service, self.lines(docker, *service, true)));
        }
        let mut starts = Box::pin(docker.starts(from));
        while !self.console.stdout_failed() {
            let (service, again) = tokio::select! {
                Some((service, written)) = logs.next() => match written {
                    // a line that two streams of one container have is printed once
                    Ok(written) if written.at <= self.last[&service] => continue,
                    Ok(written) => {
                        self.print(service, &written);
                        continue;
                    }
                    Err(error) => (service, error.timed_out()),
                },
                started = starts.next() => match started {
                    Some(Ok(name)) => match name.parse() {
                        Ok(service) => (service, self.last.contains_key(&service)),
                        Err(_) => continue,
                    },
                    Some(Err(error)) if !error.timed_out() => return Err(error.into()),
                    Some(Err(_)) => {
                        starts = Box::pin(docker.starts(now()));
                        continue;
                    }
                    None => return Err(Error::new(Exit::Machine, "Docker has ended the stream of its events")),
                },
            };
            if again {
                logs.push(named(service, self.lines(docker, service, true)));
            }
        }
        Ok(())
    }
}

type Named = Pin<Box<dyn Stream<Item = (ServiceId, Result<Written, DockerError>)>>>;

fn named(service: ServiceId, lines: Lines) -> Named {
    Box::pin(lines.map(move |written| (service, written)))
}
