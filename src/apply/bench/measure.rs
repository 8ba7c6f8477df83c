//! Searches under a load, timed. I/O: network.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use futures::future::join_all;
use tokio::time::timeout;

use crate::{
    apply::{
        Apply,
        wait::{Patience, until_planned},
    },
    ask::bench::{
        Load, Measured, Row, Schedule, Tally, Way,
        data::{self, Search},
        fault,
    },
    error::Error,
    mesh::{Mesh, cluster_set::ClusterSet, id::ClusterId},
    world::{cpu, elasticsearch::Elasticsearch, https::RawAnswer},
};

/// A search that takes longer ends its row.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);
/// Servers warm up in windows of a quarter of a row, within these bounds, until the medians of two agree.
const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(3);
const WINDOWS: usize = 6;

/// What is searched, and from where.
#[derive(Debug, Clone, Copy)]
pub struct Bench {
    pub from: ClusterId,
    /// In each cluster.
    pub documents: u64,
    /// Of a row.
    pub length: Duration,
}

/// One of the requests that a search of a row consists of.
struct Request<'a> {
    mesh: &'a Mesh,
    server: Elasticsearch,
    from: ClusterId,
    on: ClusterSet,
    path: String,
}

impl Request<'_> {
    async fn send(&self, body: &[u8]) -> Result<RawAnswer, String> {
        match timeout(ANSWERED_WITHIN, self.server.timed_search(&self.path, body)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(format!("{} does not answer: {}", self.from, error.cause())),
            Err(_) => Err(format!("{} did not answer a search within {} s", self.from, ANSWERED_WITHIN.as_secs())),
        }
    }

    /// Why an answer says nothing of the time of a search.
    fn fault(&self, answer: RawAnswer, search: &Search) -> Option<String> {
        let answer = answer.read();
        match answer.status {
            200 => fault(self.mesh, self.from, &self.on, &answer.body, search.finds),
            429 => Some(format!("{} is overloaded and refuses searches (429): fewer `--clients`", self.from)),
            status => Some(format!("{} refused a search with status {status}: {}", self.from, answer.reason())),
        }
    }
}

impl Apply<'_> {
    /// Measures one row: warms the servers up, then counts. A row whose searches are not all whole ends at once.
    pub async fn measure(&self, bench: Bench, row: &Row) -> Result<Measured, Error> {
        let requests = self.requests(bench, row)?;
        let window = (bench.length / 4).clamp(SHORTEST, LONGEST);
        let mut settled = false;
        let mut before: Option<Tally> = None;
        for _ in 0..WINDOWS {
            let found = self.searches(bench, row.load, &requests, window).await?;
            if found.fault.is_some() {
                return Ok(found);
            }
            settled = before.is_some_and(|before| found.tally.agrees_with(&before));
            if settled {
                break;
            }
            before = Some(found.tally);
        }
        let mut found = self.searches(bench, row.load, &requests, bench.length).await?;
        found.settled = settled;
        Ok(found)
    }

    fn requests(&self, bench: Bench, row: &Row) -> Result<Vec<Request<'_>>, Error> {
        let request = |from: ClusterId, on: ClusterSet| {
            let path = data::path(from, &on);
            Ok(Request { mesh: self.mesh, server: self.server(from)?, from, on, path })
        };
        match row.way {
            Way::Direct => row.asked.iter().map(|cluster| request(*cluster, (*cluster).into())).collect(),
            Way::Links => {
                let on = ClusterSet::new(row.asked.iter().copied()).expect("should ask a cluster: rows do");
                Ok(vec![request(bench.from, on)?])
            }
        }
    }

    /// Sends searches by all clients of a load for some time.
    async fn searches(
        &self,
        bench: Bench,
        load: Load,
        requests: &[Request<'_>],
        length: Duration,
    ) -> Result<Measured, Error> {
        let searches = data::searches(bench.documents).map(|search| (search.body.to_string().into_bytes(), search));
        let schedule = RefCell::new(Schedule::new(load, length));
        let found = RefCell::new(Measured::default());
        let (begun, cpu) = (Instant::now(), cpu::used());
        let client = async || {
            loop {
                if self.patience.is_interrupted() || found.borrow().fault.is_some() {
                    return;
                }
                let Some((number, at)) = schedule.borrow_mut().next(begun.elapsed()) else { return };
                until_planned(begun + at).await;
                // of a closed loop, that is when it is sent
                let from = if load.rate.is_some() { begun + at } else { Instant::now() };
                let (body, search) = &searches[usize::try_from(number % 3).unwrap_or_default()];
                let answers = join_all(requests.iter().map(|request| request.send(body))).await;
                let took = from.elapsed();
                let judge = |(request, answer): (&Request<'_>, Result<RawAnswer, String>)| match answer {
                    Ok(answer) => request.fault(answer, search),
                    Err(why) => Some(why),
                };
                let fault = requests.iter().zip(answers).find_map(judge);
                let mut found = found.borrow_mut();
                if fault.is_none() {
                    found.tally.record(took);
                }
                found.fault = found.fault.take().or(fault);
            }
        };
        join_all((0..load.clients).map(|_| client())).await;
        if self.patience.is_interrupted() {
            return Err(Patience::interruption());
        }
        let mut found = found.into_inner();
        found.took = begun.elapsed();
        found.cpu = cpu::used().saturating_sub(cpu);
        let unsent = schedule.borrow().unsent();
        if unsent > 0 && found.fault.is_none() {
            found.fault = Some(format!("the rate was not reached: {unsent} planned searches were never sent"));
        }
        Ok(found)
    }
}
