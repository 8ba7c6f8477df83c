//! `mesh load`: documents of files, or a sample, into clusters.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::Value;

use super::unanswered::Unanswered;
use crate::{
    apply::load::{Prepared, Target},
    ask::load::{IndexName, LoadReport, everything, notes, sample, stays},
    cli::LoadArgs,
    console::Console,
    error::{Error, Exit},
    mesh::{Mesh, cluster_set::ClusterSet, counted::counted, data_set::LOCAL, id::ClusterId},
    session::{Recorded, now},
    world::{
        elasticsearch::Elasticsearch,
        given::{Given, shown},
        https::HttpsError,
    },
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
    let left = if args.sample { recorded.mesh.clusters().count() } else { args.files.len() } - report.files.len();
    if ended.is_err() && left > 0 && !report.files.is_empty() {
        let one = if args.sample { "more cluster" } else { "more file" };
        console.note(&format!("not loaded: {}", counted(left, one)));
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
    let sources = sources(args, alias(&recorded.mesh))?;
    let server = recorded.server(cluster)?;
    for (given, index) in &sources {
        let target = target(args, recorded, cluster, &server, index.clone());
        prepare(&target, None, console).await?;
        let line = console.load(&shown(given.path()), given.length);
        let (loaded, ended) = target.load(given, &line).await;
        line.end();
        report.files.push(loaded);
        ended?;
    }
    Ok(())
}

fn target<'a>(
    args: &LoadArgs,
    recorded: &Recorded,
    cluster: ClusterId,
    server: &'a Elasticsearch,
    index: IndexName,
) -> Target<'a> {
    Target { cluster, server, index, alias: alias(&recorded.mesh), patience: args.timeout, skip_bad: args.skip_bad }
}

async fn prepare(target: &Target<'_>, mappings: Option<&Value>, console: &Console) -> Result<(), Error> {
    let (cluster, index) = (target.cluster, &target.index);
    match target.prepare(mappings).await.map_err(|error| unprepared(target, mappings.is_some(), error))? {
        Prepared::Ready => {}
        Prepared::WithoutAlias(alias, reason) => {
            console.note(&format!("{index} of {cluster} is not found by {alias}: {reason}"));
        }
        Prepared::NoRoom(reason) => return Err(target.refused(&reason)),
    }
    Ok(())
}

/// Why there is no index to load into. A server that answers, and cannot make one or have it found by the alias, takes
/// no documents; that of a full disk is there already, and blocked. The index of the sample has no other name.
fn unprepared(target: &Target<'_>, is_sample: bool, error: HttpsError) -> Error {
    let (cluster, index) = (target.cluster, &target.index);
    match error {
        HttpsError::Refused { status, kind: Some(kind), reason, .. } if stays(status, &kind) => target.refused(&reason),
        HttpsError::Refused { status: 408 | 429 | 500.., reason, .. } => {
            Error::new(Exit::Unfinished, format!("{cluster} cannot make the index {index} ready"))
                .cause(reason)
                .hint("`mesh status` and `mesh logs` show why; when that is mended, type the same command again")
        }
        HttpsError::Refused { status: 400, reason, .. } => {
            let number = cluster.number();
            let hint = if reason.contains("data streams only") {
                format!("`mesh es {number} PUT _data_stream/{index}` makes it; then type the same command again")
            } else if reason.contains("maximum") && reason.contains("shards open") {
                format!(
                    "`mesh es {number} GET _cat/indices` shows what there is; delete what is not needed, and type \
                     the same command again"
                )
            } else if is_sample && reason.contains("template") {
                format!(
                    "`mesh es {number} GET _index_template` shows the templates that may keep it from being made; \
                     mend or delete the one that does, and type the same command again"
                )
            } else if is_sample {
                "when that is mended, type the same command again".to_owned()
            } else {
                format!("`mesh es {number} GET _cat/indices` shows what there is; name another with `--index`")
            };
            Error::new(Exit::Request, format!("{cluster} does not make the index {index}")).cause(reason).hint(hint)
        }
        error => Unanswered { cluster, error }.into(),
    }
}

/// What is to be loaded where: one name that is wrong, and nothing is.
fn sources(args: &LoadArgs, alias: Option<&str>) -> Result<Vec<(Given, IndexName)>, Error> {
    if args.source.is_some() && args.files.len() > 1 {
        return Err(Error::new(Exit::Request, "one source has one name, and these are several files")
            .hint("load each by itself with its own `--source`, or all of them without"));
    }
    if let Some(alias) = alias.filter(|alias| args.index.as_ref().is_some_and(|index| index.to_string() == *alias)) {
        return Err(Error::new(
            Exit::Request,
            format!("{alias} is the name for all data of a cluster, and not an index"),
        )
        .hint("leave `--index` out, or name one: whatever is loaded is found by that name, too"));
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
        let target = target(args, recorded, cluster, &server, sample::index());
        prepare(&target, Some(&sample::mappings()), console).await?;
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
    let mut places: BTreeMap<&IndexName, Vec<ClusterId>> = BTreeMap::new();
    for file in &report.files {
        places.entry(&file.index).or_default().push(file.cluster);
    }
    for (index, clusters) in places {
        let Some(clusters) = ClusterSet::new(clusters) else { continue };
        for note in notes(mesh, &clusters, index) {
            console.note(&note);
        }
    }
    let filled = ClusterSet::new(report.files.iter().map(|file| file.cluster));
    if let Some((alias, clusters)) = alias(mesh).zip(filled) {
        console.note(&everything(mesh, &clusters, alias));
    }
}

/// The name by which whatever is loaded is found, where the mesh has one.
fn alias(mesh: &Mesh) -> Option<&'static str> {
    mesh.spec.data_set.0.then_some(LOCAL)
}
