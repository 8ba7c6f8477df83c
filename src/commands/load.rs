//! `mesh load`: documents of files, or a sample, into clusters.

use std::path::PathBuf;

use super::unanswered::Unanswered;
use crate::{
    apply::load::Target,
    ask::load::{IndexName, LoadReport, sample},
    cli::LoadArgs,
    console::Console,
    error::{Error, Exit},
    mesh::{Mesh, id::ClusterId, pattern::covers},
    session::{Recorded, now},
    world::given::{Given, shown},
};

pub async fn load(args: &LoadArgs, dir: PathBuf, console: &Console) -> Result<Exit, Error> {
    let recorded = Recorded::open(&dir)?;
    let mut report = LoadReport::default();
    let ended = match args.cluster {
        Some(cluster) => files(args, recorded.cluster(cluster)?, &recorded, &mut report, console).await,
        None => samples(args, &recorded, &mut report, console).await,
    };
    if !report.files.is_empty() {
        console.show(args.output.format, &report, || console.loaded(&report));
    }
    if args.skip_bad {
        console.bad_lines(&report);
    }
    ended?;
    announce(&recorded.mesh, &report, console);
    Ok(Exit::Done)
}

async fn files(
    args: &LoadArgs,
    cluster: ClusterId,
    recorded: &Recorded,
    report: &mut LoadReport,
    console: &Console,
) -> Result<(), Error> {
    let sources = sources(args)?;
    let server = recorded.server(cluster)?;
    for (given, index) in &sources {
        let target =
            Target { cluster, server: &server, index: index.clone(), patience: args.timeout, skip_bad: args.skip_bad };
        target.prepare(None).await.map_err(|error| Unanswered { cluster, error })?;
        let line = console.load(&shown(given.path()), given.length);
        let (loaded, ended) = target.load(given, &line).await;
        line.end();
        report.files.push(loaded);
        ended?;
    }
    Ok(())
}

/// What is to be loaded where: one name that is wrong, and nothing is.
fn sources(args: &LoadArgs) -> Result<Vec<(Given, IndexName)>, Error> {
    if args.source.is_some() && args.files.len() > 1 {
        return Err(Error::new(Exit::Request, "one source has one name, and these are several files")
            .hint("load each by itself with its own `--source`, or all of them without"));
    }
    let source = |path: &PathBuf| {
        let given = Given::look(path, args.source.as_deref())?;
        let index = args.index.clone().or_else(|| IndexName::default_for(&given.source)).ok_or_else(|| {
            Error::new(Exit::Request, format!("{} makes no name of an index", given.source))
                .hint("name one with `--index mesh-NAME`")
        })?;
        Ok((given, index))
    };
    args.files.iter().map(source).collect()
}

async fn samples(
    args: &LoadArgs,
    recorded: &Recorded,
    report: &mut LoadReport,
    console: &Console,
) -> Result<(), Error> {
    for cluster in recorded.mesh.clusters() {
        let server = recorded.server(cluster)?;
        let target =
            Target { cluster, server: &server, index: sample::index(), patience: args.timeout, skip_bad: false };
        let mappings = sample::mappings();
        target.prepare(Some(&mappings)).await.map_err(|error| Unanswered { cluster, error })?;
        let line = console.load(&format!("sample of {cluster}"), None);
        let (loaded, ended) = target.load_ready("sample", sample::batches(cluster, now()), &line).await;
        line.end();
        report.files.push(loaded);
        ended?;
    }
    Ok(())
}

/// How to find what was loaded, and which indices other clusters do not see.
fn announce(mesh: &Mesh, report: &LoadReport, console: &Console) {
    let mut places: Vec<(ClusterId, &IndexName)> =
        report.files.iter().map(|file| (file.cluster, &file.index)).collect();
    places.sort();
    places.dedup_by_key(|(_, index)| *index);
    for (cluster, index) in places {
        let shared = mesh.shared(cluster);
        let name = index.to_string();
        if mesh.count().get() == 1 || shared.iter().any(|share| covers(share, &name)) {
            console.note(&format!("find it: `mesh search {name}`"));
            continue;
        }
        let settings = mesh.settings(cluster);
        let more = settings.share.iter().map(|share| format!("--share '{share}'"));
        let flags: Vec<String> = more.chain([format!("--share {name}")]).collect();
        console.note(&format!(
            "other clusters do not see {name}: {cluster} shares {}; `mesh create {}` shares it, too",
            shared.join(", "),
            flags.join(" ")
        ));
        console.note(&format!("find it: `mesh search {name} --on {}`", cluster.number()));
    }
}
