//! `mesh verify --as`: what a user finds over each link, and which side refuses what she does not.

use std::path::Path;

use futures::future::join_all;

use crate::{
    ask::user_proof::{Proof, Questions, SearchOutcome},
    cli::VerifyArgs,
    console::Console,
    error::{Error, Exit},
    mesh::{id::ClusterId, users::UserName},
    session::Recorded,
    world::https::HttpsError,
};

pub async fn verify_as(args: &VerifyArgs, user: &UserName, dir: &Path, console: &Console) -> Result<Exit, Error> {
    let recorded = Recorded::open(dir)?;
    let mesh = &recorded.mesh;
    let roles = mesh.require_user(user)?;
    args.on.as_ref().map_or(Ok(()), |on| mesh.require(on))?;
    let chosen = |cluster: &ClusterId| args.on.as_ref().is_none_or(|on| on.contains(*cluster));
    let from: Vec<ClusterId> = mesh.clusters_of(user).into_iter().filter(chosen).collect();
    if from.is_empty() {
        return Err(Error::new(Exit::Request, format!("{user} logs in to none of these clusters"))
            .hint("`mesh users ls` says where she does"));
    }
    let asked = from.into_iter().map(async |cluster| {
        let questions = Questions::new(mesh, roles, cluster);
        let server = recorded.server(cluster)?.running_as(user);
        let answer = server.search_many(&questions.lines()).await;
        Ok::<_, Error>(questions.read(mesh, &answer.map_err(|error| unanswered(&error))))
    });
    let found: Vec<_> = join_all(asked).await.into_iter().collect::<Result<_, Error>>()?;
    let proof = Proof::new(user.to_string(), found.into_iter().flatten().collect());
    console.show(args.output.format, &proof, || console.proof(&proof));
    Ok(if proof.found { Exit::Done } else { Exit::Unhealthy })
}

/// What came of the searches of a cluster that refuses all of them, or does not answer.
fn unanswered(error: &HttpsError) -> SearchOutcome {
    let reason = error.cause();
    match error {
        HttpsError::Refused { status: 401 | 403, .. } => SearchOutcome::RefusedHere { reason },
        _ => SearchOutcome::Failed { reason },
    }
}
