//! What the mesh kept of itself and lost, brought back before anything is decided. I/O: Docker, disk, the terminal; changes nothing.

use rand::{RngExt as _, rand_core::UnwrapErr, rngs::SysRng};

use crate::{
    cli::CreateArgs,
    console::Console,
    error::{Error, Exit},
    mesh::{
        Mesh, Owner,
        credentials::Credentials,
        decide::Circumstances,
        settings::{DEFAULT_VERSION, MeshSpec, Overrides},
    },
    world::{Survey, World, templates},
};

/// The mesh of a directory whose `mesh.json` is lost, from what it left. Of one that `goes`, the version makes no difference.
pub async fn rebuild(asked: &Overrides, goes: bool, world: &World, survey: &mut Survey) -> Result<(), Error> {
    if survey.record.is_some() {
        return Ok(());
    }
    let Some(traces) = world.traces(survey).await? else { return Ok(()) };
    let version = asked.stack_version.or(goes.then_some(DEFAULT_VERSION));
    let told = Overrides { stack_version: version, ..asked.clone() };
    let mesh = Mesh::rebuild(&traces, &told, circumstances(world, survey)?)?;
    let templates = asked.templates.clone().unwrap_or_default();
    survey.owner_exists = world.knows(mesh.owner)?;
    survey.rebuilt = Some(templates::of(Mesh { spec: MeshSpec { templates, ..mesh.spec }, ..mesh })?);
    Ok(())
}

/// Puts together again what `credentials.txt` held, if it is lost and somebody agrees to that; says whether they do.
pub fn recover(
    args: &CreateArgs,
    asked: &Overrides,
    world: &World,
    survey: &mut Survey,
    console: &Console,
) -> Result<bool, Error> {
    if args.reset || survey.known().is_none() {
        return Ok(false);
    }
    let found = world.found_of_credentials()?;
    let question = "credentials.txt is lost: bring its passwords back, and set those anew that no file holds?";
    let asks = !args.recover_credentials && found.is_some() && !args.dry_run && console.can_ask();
    if asks && !console.agreed(question) {
        return Err(Error::new(Exit::Unfinished, "credentials.txt stays lost, and nothing was changed")
            .hint("bring it back from a backup, or type the same command again"));
    }
    let agreed = asks || args.recover_credentials;
    if let Some(found) = found.filter(|_| agreed) {
        if found.keys_differ() {
            return Err(Error::new(Exit::Machine, "the Kibanas' settings hold different encryption keys")
                .hint("see `xpack.encryptedSavedObjects.encryptionKey` in each clusterNN/kibana/config/kibana.yml: a new one would make what they encrypted unreadable"));
        }
        let words = survey.known().map(|mesh| mesh.spec.passphrase_words).unwrap_or_default();
        let words = asked.passphrase_words.unwrap_or(words);
        survey.recovered = Some(found.or(Credentials::generate(words.get(), &mut UnwrapErr(SysRng))));
    }
    Ok(agreed)
}

/// What decisions depend on besides the request.
pub fn circumstances(world: &World, survey: &Survey) -> Result<Circumstances, Error> {
    let host = &survey.host;
    let uid = match (host.is_root, survey.elastic, survey.free_uid) {
        (false, ..) => host.uid,
        (true, Some(uid), _) | (true, None, Some(uid)) => uid,
        (true, None, None) => {
            return Err(Error::new(Exit::Machine, "no number is free for the system user elastic")
                .hint("make it yourself with `useradd --system elastic`"));
        }
    };
    Ok(Circumstances {
        dir: world.dir.clone(),
        new_id: format!("{:016x}", UnwrapErr(SysRng).random::<u64>()),
        name: world.name_of(survey),
        owner: Owner { uid, gid: 0 },
        engine: Some(survey.engine.clone()),
        host_name: host.hostname.clone(),
        taken: world.taken(survey),
    })
}
