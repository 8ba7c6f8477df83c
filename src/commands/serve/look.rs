//! One look at the mesh after the other, and what becomes of each.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use tokio::{sync::watch, time::timeout};

use super::Shared;
use crate::{
    console::Console,
    error::{Error, Exit},
    facts::observed::Observed,
    judge::{
        metrics::{self, Searches},
        scope::Scope,
        status::{self, Status},
    },
    mesh::{Mesh, id::ClusterId, peers::Alias},
    page::{
        Attempt, Chronicle, Documents, Feed, History, Latencies, LinksDocument, Matrix, Pace, Summary, Trouble,
        problems,
    },
    session::{Place, Session, lock_of, now},
    world::{https::Connections, lock},
};

/// A look that takes longer is given up: every question in it has a deadline of its own.
const LONGEST: Duration = Duration::from_mins(3);

/// The mesh as it was seen once.
struct Seen {
    mesh: Mesh,
    status: Status,
    latencies: Latencies,
    started: BTreeMap<String, String>,
}

/// Who looks, with what is remembered from look to look.
pub struct Looker<'a> {
    place: Place,
    session: Option<Session>,
    connections: Connections,
    pace: Pace,
    history: Shared<History>,
    chronicle: Chronicle,
    /// Why the last attempt failed, if it did.
    trouble: Option<String>,
    console: &'a Console,
}

impl<'a> Looker<'a> {
    pub fn new(place: Place, looks: Pace, history: Shared<History>, console: &'a Console) -> Self {
        let (connections, chronicle) = (Connections::default(), Chronicle::default());
        Self { place, session: None, connections, pace: looks, history, chronicle, trouble: None, console }
    }

    /// Looks again and again, without an end. A look that fails is shown and not the end.
    pub async fn look_on(&mut self, feed: &watch::Sender<Arc<Feed>>) {
        loop {
            let begun = Instant::now();
            let seen = timeout(LONGEST, self.look()).await.unwrap_or_else(|_| Err(too_long()));
            let took = begun.elapsed();
            let last = feed.borrow().clone();
            let (next, pause) = self.shown(&last, seen, took);
            feed.send_replace(Arc::new(next));
            let _ = timeout(pause, std::future::pending::<()>()).await;
        }
    }

    /// One look. What was found missing, or another engine, is looked for anew.
    async fn look(&mut self) -> Result<Seen, Error> {
        let session = match &mut self.session {
            Some(session) => {
                session.look_again().await?;
                session
            }
            none => {
                let mut session = Session::to_look(self.place.clone()).await?;
                session.world.connections = Some(self.connections.clone());
                none.insert(session)
            }
        };
        let mesh = session.recorded_with_templates()?;
        let there = session.world.observe_closely(&mesh, &session.survey).await?;
        let latencies = session.world.latencies(&mesh, &there).await;
        let status = status::status(&mesh, Scope::Mesh, &there, now());
        if !status.in_sync {
            // a certificate that was replaced shows on new connections alone
            self.connections.renew();
        }
        Ok(Seen { started: started(&there), mesh, status, latencies })
    }

    /// What browsers are sent after an attempt, and the time until the next.
    fn shown(&mut self, last: &Feed, seen: Result<Seen, Error>, took: Duration) -> (Feed, Duration) {
        let at_work = self.at_work();
        let at = now();
        match seen {
            Ok(Seen { mesh, status, latencies, started }) => {
                let matrix = Matrix::new(&mesh, &status);
                let problems = problems(&status, &matrix);
                let summary = Summary::new(&mesh, &status, &matrix, &problems);
                let pause = self.pace.after(took, summary.clusters, summary.is_whole());
                if self.trouble.take().is_some() {
                    self.chronicle.note(at, true, "the mesh can be seen again".to_owned());
                }
                self.chronicle.add(at, &status, &matrix, &started);
                self.history.lock().unwrap_or_else(PoisonError::into_inner).add(at, &status, &matrix, &latencies);
                let links = LinksDocument::new(&matrix, &latencies, &self.chronicle.since);
                let look = metrics::Look { began: at - took, took, pause: Some(pause) };
                let documents = Documents {
                    metrics: metrics::of_mesh(&mesh, &status, look, &searches(&latencies)),
                    summary,
                    links: self.console.reported(&links),
                    problems: self.console.reported(&problems),
                    status: self.console.reported(&status),
                };
                let attempt = Attempt { now: at, took, next: pause, at_work };
                (last.with(documents, &self.chronicle, &attempt), pause)
            }
            Err(error) => {
                let pause = self.pace.after(Duration::ZERO, 1, false);
                let message = std::iter::once(error.message).chain(error.causes).collect::<Vec<_>>().join(": ");
                if self.trouble.as_ref() != Some(&message) {
                    self.chronicle.note(at, false, format!("the mesh cannot be seen: {message}"));
                    self.trouble = Some(message.clone());
                }
                // whatever else the user has to change, such as templates that are gone, the mesh is there
                let found_nothing = self.session.as_ref().is_some_and(Session::found_nothing);
                // a session that failed may hold on to what is gone
                self.session = None;
                let remedy = error.hint.map(|hint| self.console.in_full(&hint));
                let look = metrics::Look { began: at - took, took, pause: Some(pause) };
                let nothing = metrics::of_nothing(self.place.name.as_ref(), &self.place.dir, look);
                let no_mesh = error.exit == Exit::Request && found_nothing;
                let trouble = Trouble { message, remedy, no_mesh, metrics: nothing };
                let attempt = Attempt { now: at, took, next: pause, at_work };
                (last.without(trouble, &self.chronicle, &attempt), pause)
            }
        }
    }

    /// Which command is changing the mesh, if one is: none of this takes its lock.
    fn at_work(&self) -> Option<String> {
        let name = self.session.as_ref().map_or(self.place.name.as_ref(), |session| session.world.name.as_ref());
        lock::holder(&lock_of(name)?).map(|holder| holder.command)
    }
}

/// What searches over links took, as metrics have it.
fn searches(latencies: &Latencies) -> Searches {
    let of = |(from, all): (&ClusterId, &BTreeMap<Alias, u16>)| {
        let from = *from;
        all.iter()
            .map(move |(to, took)| ((from, to.clone()), Duration::from_millis((*took).into())))
            .collect::<Vec<_>>()
    };
    latencies.iter().flat_map(of).collect()
}

fn too_long() -> Error {
    Error::new(Exit::Machine, format!("the mesh could not be seen within {} s", LONGEST.as_secs()))
        .hint("`mesh doctor` looks at the machine, `docker ps` at its engine")
}

/// When the containers of services were started, by the services' names.
fn started(there: &Observed) -> BTreeMap<String, String> {
    let all = there.containers.iter();
    all.filter_map(|(service, facts)| Some((service.to_string(), facts.started.clone()?))).collect()
}
