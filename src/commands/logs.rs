//! `mesh logs`: the logs of the services and of the gateway, merged by time.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    pin::Pin,
};

use futures::{
    Stream, StreamExt as _,
    stream::{self, Peekable, SelectAll},
};
use time::OffsetDateTime;

use super::ended;
use crate::{
    ask::log_line::{LogLine, Writer, plain},
    cli::{Format, LogsArgs},
    console::Console,
    error::{Error, Exit},
    mesh::{
        Mesh,
        id::{ClusterId, GATEWAY, ServiceKind},
        part::Part,
    },
    session::{Place, Recorded, now, open},
    world::docker::{ContainerSummary, Docker, DockerError, Lines, Written, label},
};

pub async fn logs(args: &LogsArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let recorded = Recorded::open(&place.dir)?;
    let writers = chosen(args, &recorded)?;
    let docker = open(place).await?.docker;
    let there = present(&docker, &recorded.mesh, &writers, console).await?;
    if there.is_empty() && !args.follow {
        let of_clusters = writers.iter().any(|writer| *writer != Writer::Gateway);
        let down = if of_clusters { recorded.mesh.cluster_set().to_string() } else { GATEWAY.to_owned() };
        return Err(Error::new(Exit::Unhealthy, "none of these services has a container")
            .hint(format!("`mesh manage up {down}` makes containers again, `mesh create` whatever is missing")));
    }
    let begun = now();
    let since = args.since.map_or(OffsetDateTime::UNIX_EPOCH, |since| since.moment(begun));
    let mut page = Page::new(args, (&recorded.mesh, &writers), since, console);
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

/// The logs that were asked for: of services, and of the gateway, which is no cluster's.
fn chosen(args: &LogsArgs, recorded: &Recorded) -> Result<BTreeSet<Writer>, Error> {
    let kind: Option<ServiceKind> = args.service.map(Into::into);
    let mut services = recorded.services(&args.parts)?;
    services.retain(|service| kind.is_none_or(|kind| kind == service.kind()));
    let named = args.parts.contains(&Part::Gateway);
    if named && kind.is_some() {
        return Err(Error::new(Exit::Request, "the gateway is neither of the services of a cluster")
            .hint("leave out `--service`: `mesh logs gateway`"));
    }
    let gateway = named || (args.parts.is_empty() && kind.is_none() && recorded.mesh.gateway.is_some());
    if let (true, Some(Part::Node(node))) = (services.is_empty(), args.parts.first()) {
        let number = node.cluster.number();
        let refused = format!("{node} is a node, and its Kibana is that of the cluster");
        return Err(Error::new(Exit::Request, refused).hint(format!("`mesh logs {number} --service kibana`")));
    }
    if services.is_empty() && !gateway {
        let is_asked = |cluster: &ClusterId| {
            let has = |part: &Part| matches!(part, Part::Clusters(clusters) if clusters.contains(*cluster));
            args.parts.is_empty() || args.parts.iter().any(has)
        };
        let flags = recorded.mesh.flags_for_kibana(recorded.mesh.clusters().filter(is_asked));
        let whose = if args.parts.is_empty() { "the mesh" } else { "what was named" };
        return Err(
            Error::new(Exit::Request, format!("{whose} has no Kibana")).hint(format!("`mesh create {flags}` adds it"))
        );
    }
    Ok(services.into_iter().map(Writer::Service).chain(gateway.then_some(Writer::Gateway)).collect())
}

/// Those that have a container; the others are named.
async fn present(
    docker: &Docker,
    mesh: &Mesh,
    writers: &BTreeSet<Writer>,
    console: &Console,
) -> Result<BTreeSet<Writer>, Error> {
    let ours = |labels: &HashMap<String, String>| labels.get(label::MESH) == Some(&mesh.id);
    let writer = |found: &ContainerSummary| {
        if found.is_gateway() { Some(Writer::Gateway) } else { found.service().map(Writer::Service) }
    };
    let found = docker.containers().await?;
    let found: BTreeSet<Writer> = found.iter().filter(|found| ours(&found.labels)).filter_map(writer).collect();
    for writer in writers.difference(&found) {
        console.note(&format!("{writer} has no container"));
    }
    Ok(writers.intersection(&found).copied().collect())
}

/// The name of the container that writes.
fn container(mesh: &Mesh, writer: Writer) -> String {
    match writer {
        Writer::Service(service) => mesh.container_name(service),
        Writer::Gateway => mesh.gateway_name(),
    }
}

/// What is printed, and how far each log was.
struct Page<'a> {
    raw: bool,
    format: Format,
    /// How many of the lines that are there already are printed of each log; `None` for all of them.
    tail: Option<usize>,
    /// The width of the longest name.
    width: usize,
    /// The time of the last line of each log.
    last: BTreeMap<Writer, OffsetDateTime>,
    mesh: &'a Mesh,
    console: &'a Console,
}

impl<'a> Page<'a> {
    fn new(
        args: &LogsArgs,
        (mesh, writers): (&'a Mesh, &BTreeSet<Writer>),
        since: OffsetDateTime,
        console: &'a Console,
    ) -> Self {
        let width = writers.iter().map(|writer| writer.to_string().len()).max().unwrap_or_default();
        // a line of that very moment is still to come
        let before = since - time::Duration::NANOSECOND;
        let last = writers.iter().map(|writer| (*writer, before)).collect();
        let tail = args.tail.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        Self { raw: args.raw, format: args.format, tail, width, last, mesh, console }
    }

    fn lines(&self, docker: &Docker, writer: Writer, follow: bool) -> Lines {
        docker.logs(&container(self.mesh, writer), self.last[&writer] + time::Duration::NANOSECOND, follow)
    }

    fn print(&mut self, writer: Writer, written: &Written) {
        self.last.insert(writer, written.at);
        if self.raw {
            self.console.line(&plain(&written.line));
        } else {
            self.console.log(self.format, writer, self.width, written.at, &LogLine::read(&written.line));
        }
    }

    /// The last lines of those that were written until now. Docker's own way of asking for them counts pieces of long
    /// lines.
    async fn tail(&mut self, writer: Writer, mut lines: Lines, count: usize) -> Result<Lines, Error> {
        let mut kept = VecDeque::new();
        while let Some(written) = lines.next().await {
            let written = written?;
            // what is left out is not to come when the log is followed, either
            self.last.insert(writer, written.at);
            kept.push_back(Ok(written));
            if kept.len() > count {
                kept.pop_front();
            }
        }
        Ok(Box::pin(stream::iter(kept)))
    }

    /// What was written until now, in order of time.
    async fn past(&mut self, docker: &Docker, writers: &BTreeSet<Writer>) -> Result<(), Error> {
        let mut logs: Vec<(Writer, Pin<Box<Peekable<Lines>>>)> = Vec::new();
        for writer in writers {
            let lines = self.lines(docker, *writer, false);
            let lines = match self.tail {
                Some(count) => self.tail(*writer, lines, count).await?,
                None => lines,
            };
            logs.push((*writer, Box::pin(lines.peekable())));
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
            let (writer, log) = &mut logs[at];
            if let Some(written) = log.next().await {
                self.print(*writer, &written?);
            }
        }
        Ok(())
    }

    /// What is written from now on, by containers that start later, too.
    async fn follow(&mut self, docker: &Docker, writers: &BTreeSet<Writer>, from: OffsetDateTime) -> Result<(), Error> {
        let mut logs = SelectAll::new();
        for writer in writers {
            logs.push(named(*writer, self.lines(docker, *writer, true)));
        }
        // a container that is there later, too
        let names: HashMap<String, Writer> =
            self.last.keys().map(|writer| (container(self.mesh, *writer), *writer)).collect();
        let mut starts = Box::pin(docker.starts(from));
        while !self.console.stdout_failed() {
            let (writer, again) = tokio::select! {
                Some((writer, written)) = logs.next() => match written {
                    // a line that two streams of one container have is printed once
                    Ok(written) if written.at <= self.last[&writer] => continue,
                    Ok(written) => {
                        self.print(writer, &written);
                        continue;
                    }
                    Err(error) => (writer, error.timed_out()),
                },
                started = starts.next() => match started {
                    Some(Ok(name)) => match names.get(&name) {
                        Some(writer) => (*writer, true),
                        None => continue,
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
                logs.push(named(writer, self.lines(docker, writer, true)));
            }
        }
        Ok(())
    }
}

type Named = Pin<Box<dyn Stream<Item = (Writer, Result<Written, DockerError>)>>>;

fn named(writer: Writer, lines: Lines) -> Named {
    Box::pin(lines.map(move |written| (writer, written)))
}
