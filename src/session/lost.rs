//! What the mesh kept of itself and lost, brought back before anything is decided. I/O: Docker, disk, the terminal;
//! changes nothing.

use rand::{rand_core::UnwrapErr, rngs::SysRng};

use super::{Session, now};
use crate::{
    cli::CreateArgs,
    console::Console,
    error::{Error, Exit},
    facts::guests::{addresses, traced},
    judge::expiry::GIVES_ANOTHER,
    mesh::{
        Mesh,
        credentials::Credentials,
        settings::{DEFAULT_VERSION, GatewayAddress, MeshSpec, Overrides},
    },
    world::templates,
};

impl Session {
    /// Brings back what `mesh create` can go on from: the record, from what the mesh left, and the passwords, if the
    /// user agrees. Says whether they do. With `--reset`, neither is needed again.
    pub async fn restore(&mut self, args: &CreateArgs, asked: &Overrides, console: &Console) -> Result<bool, Error> {
        let undone = self.rebuild(asked, args.reset).await?;
        if let Some(rebuilt) = &self.survey.rebuilt {
            console.note("mesh.json is lost, and rebuilt from what is there; templates of your own have to be named again with `--templates`");
            if rebuilt.gateway.is_some() && !rebuilt.has_gateway_authority() {
                console.note(&format!(
                    "the gateway keeps the certificate that it was given; where that is from is lost: `{GIVES_ANOTHER}` names it again"
                ));
            }
        }
        if args.reset || self.survey.known().is_none() {
            return Ok(false);
        }
        for change in undone {
            console.note(&format!(
                "undone by this run, unless `--settings`, `--kibana-settings` or `--templates` name it: {change}"
            ));
        }
        let agreed = self.recover(args, asked, console).await?;
        self.restore_links(asked, console).await?;
        Ok(agreed)
    }

    /// Brings back into a rebuilt mesh what its servers and the files of its links tell.
    async fn restore_links(&mut self, asked: &Overrides, console: &Console) -> Result<(), Error> {
        let Some(rebuilt) = self.survey.rebuilt.clone() else { return Ok(()) };
        let there = self.observe(&rebuilt).await?;
        let guest_keys = self.world.guest_keys(&rebuilt, &there, now()).await;
        let Some(mesh) = &mut self.survey.rebuilt else { return Ok(()) };
        // what each cluster shares stands in its API key
        mesh.share(&there.shared());
        mesh.take_secure_files(there.secure_files());
        if let Some(silent) = there.unknown_shares().filter(|_| asked.share.is_none()) {
            console.note(&format!(
                "nothing tells what {} shares besides `mesh*`, so it is what most others share, or nothing; `--share` \
                 or `--set` name it",
                silent.named()
            ));
        }
        mesh.guests = traced(mesh, &guest_keys);
        mesh.advertise_as_invited(addresses(&guest_keys));
        mesh.take_views(&there.view_traces());
        mesh.take_users(&there.user_traces()).iter().for_each(|note| console.note(note));
        let untold = mesh.take_snapshots(&there.snapshot_traces());
        untold.iter().filter(|_| asked.snapshots.is_none()).for_each(|note| console.note(note));
        mesh.unknown_of_single_clusters().iter().for_each(|note| console.note(note));
        if asked.topology.is_none() && asked.links.is_none() {
            mesh.relink(&there.link_traces())?.iter().for_each(|note| console.note(note));
        }
        Ok(())
    }

    /// Rebuilds the mesh of a directory whose `mesh.json` is lost from what it left, and says what of its files that
    /// does not explain. Of one that is to be deleted, version and gateway make no difference.
    pub async fn rebuild(&mut self, asked: &Overrides, deleted: bool) -> Result<Vec<String>, Error> {
        if self.survey.record.is_some() {
            return Ok(Vec::new());
        }
        let Some(traces) = self.world.traces(&self.survey).await? else { return Ok(Vec::new()) };
        let version = asked.stack_version.or(deleted.then_some(DEFAULT_VERSION));
        let gateway = asked.gateway.or(deleted.then(GatewayAddress::default));
        let asked = Overrides { stack_version: version, gateway, ..asked.clone() };
        let mesh = Mesh::rebuild(&traces, &asked, self.circumstances()?)?;
        let templates = asked.templates.unwrap_or_default();
        self.survey.owner_exists = self.world.knows(mesh.owner)?;
        let mesh = templates::of(Mesh { spec: MeshSpec { templates, ..mesh.spec }, ..mesh })?;
        let unexplained = mesh.unexplained(&traces);
        self.survey.rebuilt = Some(mesh);
        Ok(unexplained)
    }

    /// Puts together again what `credentials.txt` held, if it is lost and the user agrees to that; says whether they
    /// do.
    async fn recover(&mut self, args: &CreateArgs, asked: &Overrides, console: &Console) -> Result<bool, Error> {
        let found = self.world.found_of_credentials()?;
        let question = "credentials.txt is lost: bring its passwords back, and set those anew that no file holds?";
        let decided = args.recover_credentials || args.yes || args.dry_run;
        let asks = !decided && found.is_some() && console.can_ask();
        if asks && !console.agreed(question).await {
            return Err(Error::new(Exit::Unfinished, "credentials.txt stays lost, and nothing was changed")
                .hint("bring it back from a backup, or type the same command again"));
        }
        let agreed = asks || args.recover_credentials;
        if let Some(found) = found.filter(|_| agreed) {
            if found.keys_differ() {
                return Err(Error::new(Exit::Machine, "the Kibanas' settings hold different encryption keys")
                    .hint("see `xpack.encryptedSavedObjects.encryptionKey` in each clusterNN/kibana/config/kibana.yml: a new one would make what they encrypted unreadable"));
            }
            let words = self.survey.known().map(|mesh| mesh.spec.passphrase_words).unwrap_or_default();
            let words = asked.passphrase_words.unwrap_or(words);
            let new = Credentials::generate(words.get(), &mut UnwrapErr(SysRng));
            let new = match self.survey.known() {
                Some(mesh) => mesh.complete(new, &mut UnwrapErr(SysRng)),
                None => new,
            };
            self.survey.recovered = Some(found.or(new));
        }
        Ok(agreed)
    }
}
