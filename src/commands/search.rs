//! `mesh search`: one search over every cluster of the mesh.

use std::{cmp::Reverse, path::PathBuf};

use serde_json::Value;

use super::unanswered::Unanswered;
use crate::{
    ask::{
        log_line::plain,
        search::{self, Found, Part, has_remotes, link_that_shares, searchers, unlinked},
    },
    cli::SearchArgs,
    console::Console,
    error::{Error, Exit},
    mesh::{
        Mesh,
        cluster_set::ClusterSet,
        id::ClusterId,
        links::{Link, OWN_SHARE},
        pattern::covers,
        shell_word::shell_word,
    },
    session::Recorded,
    world::https::HttpsError,
};

/// What to type where a cluster lacks a link to one that it is to search.
const LINKS: &str = "`mesh config` shows the topology; `--on` names fewer clusters, `--from` the one that searches";

pub async fn search(args: &SearchArgs, dir: PathBuf, console: &Console) -> Result<Exit, Error> {
    let recorded = Recorded::open(&dir)?;
    let mesh = &recorded.mesh;
    args.on.as_ref().map_or(Ok(()), |on| mesh.require(on))?;
    let from = args.from.or(first_of(args, mesh)?);
    let remotes = has_remotes(mesh, from, args.on.as_ref());
    let searched = args.on.clone().unwrap_or_else(|| mesh.cluster_set());
    // all that the clusters share, and what the link of the one that searches shares by itself
    let shared = |to: ClusterId| {
        let own = from.map(|from| mesh.shared_by(mesh.key_of(Link { from, to }))).unwrap_or_default();
        [mesh.shared(to), own].concat()
    };
    if let Some(pattern) = searched.iter().find_map(|to| args.index.beyond(&shared(to))).filter(|_| remotes) {
        if let Some(Link { from, to }) = link_that_shares(mesh, pattern, &searched) {
            return Err(Error::new(Exit::Request, format!("only some links share `{pattern}`")).hint(format!(
                "the one from {from} to {to} does: `mesh search {} --from {} --on {}`",
                shell_word(pattern.to_string()),
                from.number(),
                to.number()
            )));
        }
        let error = Error::new(Exit::Request, format!("`{pattern}` reaches beyond what the clusters share"));
        return Err(match shared_alias(&pattern.to_string(), &recorded).await {
            Some(alias) => error.hint(format!(
                "it has the alias {alias}, which is shared: `mesh search {alias}`, with the same query; the index \
                 itself is not"
            )),
            None => error.hint(format!("{}; `mesh es` searches all of one cluster", sharing(mesh))),
        });
    }
    from.map_or(Ok(()), |from| mesh.require(&from.into()))?;
    let lacks = from.zip(args.on.as_ref()).and_then(|(from, on)| Some((from, unlinked(mesh, from, on)?)));
    if let Some((from, to)) = lacks {
        return Err(Error::new(Exit::Request, format!("{from} does not search {to}")).hint(LINKS));
    }
    let (from, answer) = ask(args, from, &recorded).await?;
    let found = Found::read(mesh, from, args.on.as_ref(), &answer);
    console.show(args.output.format, &found, || console.found(&found));
    for note in search::notes(mesh, &args.index, from, args.on.as_ref()) {
        console.note(&note);
    }
    lacking(&found, mesh).map_or(Ok(Exit::Done), Err)
}

/// An alias of an index that every cluster shares, though not the index: what people know it by may be either.
async fn shared_alias(index: &str, recorded: &Recorded) -> Option<String> {
    let shared = shared_by_all(&recorded.mesh);
    for cluster in recorded.mesh.clusters() {
        let Ok(server) = recorded.server(cluster) else { continue };
        let aliases = server.aliases_of(index).await.unwrap_or_default();
        let found = aliases.into_iter().find(|alias| shared.iter().any(|pattern| covers(pattern, alias)));
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The cluster that searches for a user, where none is named: one that she logs in to.
fn first_of(args: &SearchArgs, mesh: &Mesh) -> Result<Option<ClusterId>, Error> {
    let Some(user) = &args.user else { return Ok(None) };
    mesh.require_user(user)?;
    let on = args.on.as_ref();
    let rank = |cluster: &ClusterId| {
        let can = on.is_none_or(|on| unlinked(mesh, *cluster, on).is_none());
        let within = on.is_some_and(|on| on.contains(*cluster));
        (can, within, mesh.aliases(*cluster).len(), Reverse(*cluster))
    };
    Ok(mesh.clusters_of(user).into_iter().max_by_key(rank))
}

/// The answer of the cluster that was named, or of the first that gives one.
async fn ask(args: &SearchArgs, from: Option<ClusterId>, recorded: &Recorded) -> Result<(ClusterId, Value), Error> {
    if let Some(cluster) = from {
        let answer = ask_one(args, cluster, recorded).await?;
        return Ok((cluster, answer.map_err(|error| refused(cluster, error))?));
    }
    let mut silence = Vec::new();
    let in_turn = searchers(&recorded.mesh, args.on.as_ref());
    let Some(candidates) = ClusterSet::new(in_turn.iter().copied()) else {
        let on = args.on.clone().unwrap_or_else(|| recorded.mesh.cluster_set());
        return Err(Error::new(Exit::Request, format!("no cluster searches all of {}", on.named())).hint(LINKS));
    };
    for cluster in in_turn {
        match ask_one(args, cluster, recorded).await? {
            Ok(answer) => return Ok((cluster, answer)),
            Err(error @ HttpsError::NoAnswer { .. }) => {
                silence.push(format!("{cluster}: {}", error.cause()));
            }
            Err(error) => return Err(refused(cluster, error)),
        }
    }
    let error = Error::new(
        Exit::Unhealthy,
        format!(
            "no {} answers",
            if args.on.is_some() { "cluster that searches all that is chosen" } else { "cluster of the mesh" }
        ),
    );
    Err(silence.into_iter().fold(error, Error::cause).hint(format!("`mesh manage start {candidates}` starts them")))
}

/// The answer of one cluster.
///
/// # Errors
/// It answers, and the search takes longer than is waited for: others would take as long.
async fn ask_one(
    args: &SearchArgs,
    cluster: ClusterId,
    recorded: &Recorded,
) -> Result<Result<Value, HttpsError>, Error> {
    let server = recorded.server(cluster)?;
    let server = match &args.user {
        Some(user) => server.running_as(user),
        None => server,
    };
    let body = search::body(args.query.as_deref(), args.size);
    let expression = args.index.expression(&recorded.mesh, cluster, args.on.as_ref());
    let answer = server.search(&expression, &body).await;
    if answer.as_ref().is_err_and(HttpsError::is_timeout) && server.is_up().await {
        return Err(slow(args, cluster, &expression, &body));
    }
    Ok(answer)
}

/// The error for a search that takes longer than is waited for.
fn slow(args: &SearchArgs, cluster: ClusterId, expression: &str, body: &Value) -> Error {
    let late = format!("{cluster} answers, and has not ended the search in half a minute");
    let narrow =
        "`mesh verify` shows whether a cluster that it searches hangs; else narrow it by a query or with `--on`";
    let path = shell_word(format!("{expression}/_search?ignore_unavailable=true"));
    let body = shell_word(body.to_string());
    let hint = if args.user.is_none() {
        let number = cluster.number();
        format!("{narrow}; `mesh es {number} POST {path} {body}` waits for as long as it takes")
    } else {
        // `mesh es` would find what this user may not read
        narrow.to_owned()
    };
    Error::new(Exit::Unhealthy, late).hint(hint)
}

fn refused(cluster: ClusterId, error: HttpsError) -> Error {
    match error {
        HttpsError::Refused { status: 400, reason, .. } => {
            Error::new(Exit::Request, format!("{cluster} cannot search for that: {}", plain(&reason)))
                .hint("words, `field:value`, `AND`, `OR`, `NOT` and brackets; a query with spaces in quotes")
        }
        error => Unanswered { cluster, error }.into(),
    }
}

/// The clusters of which not all was searched, each with its reason.
fn lacking(found: &Found, mesh: &Mesh) -> Option<Error> {
    let (all, lacking) = (found.clusters.len(), found.lacking().count());
    if lacking == 0 {
        return None;
    }
    let error = match all {
        1 => "the cluster was not searched in full".to_owned(),
        _ => format!("only {} of {all} clusters were searched in full", all - lacking),
    };
    let error = found.lacking().fold(Error::new(Exit::Unhealthy, error), |error, part| {
        let reason = part.failure.as_ref().map_or("no reason given", |failure| &failure.reason);
        error.cause(format!("{} ({}): {reason}", part.cluster, part.status))
    });
    let forbidden = |kind: &str| kind == "security_exception";
    let unshared = found.lacking().filter_map(|part| part.failure.as_ref()).any(|failure| forbidden(&failure.kind));
    let of_peers = |part: &Part| part.cluster.parse().is_ok_and(|alias| mesh.peer_of(&alias).is_some());
    Some(error.hint(if found.lacking().all(of_peers) {
        "`mesh peers ls` says which peers are reached and what they share, `mesh verify` why one is down; a search waits \
         up to half a minute for a machine that went silent"
            .to_owned()
    } else if unshared {
        sharing(mesh)
    } else {
        "`mesh verify` proves every link and says why one is down".to_owned()
    }))
}

/// The patterns that every cluster shares.
fn shared_by_all(mesh: &Mesh) -> Vec<String> {
    let mut shared = mesh.clusters().map(|cluster| mesh.shared(cluster));
    let first = shared.next().unwrap_or_default();
    shared.fold(first, |all, other| all.into_iter().filter(|pattern| other.contains(pattern)).collect())
}

fn sharing(mesh: &Mesh) -> String {
    let links = mesh.links();
    let own = links.iter().filter(|link| mesh.key_of(**link).searcher.is_some()).count();
    let for_all = format!(
        "other clusters see only {}; `mesh create --share PATTERN`, once for each that is to be shared, shares others",
        shared_by_all(mesh).join(", ")
    );
    match own {
        0 => for_all,
        own if own == links.len() => OWN_SHARE.to_owned(),
        _ => format!("{for_all}; {OWN_SHARE}"),
    }
}
