//! What the mesh kept of itself and lost, brought back before anything is decided. I/O: Docker, disk, the terminal;
//! changes nothing.

use rand::{rand_core::UnwrapErr, rngs::SysRng};

use super::Session;
use crate::{
    cli::CreateArgs,
    console::Console,
    error::{Error, Exit},
    mesh::{
        Mesh,
        credentials::Credentials,
        settings::{DEFAULT_VERSION, MeshSpec, Overrides},
    },
    world::templates,
};

impl Session {
    /// Brings back what `mesh create` can go on from: the record, from what the mesh left, and the passwords, if the
    /// user agrees. Says whether they do. With `--reset`, neither is needed again.
    pub async fn restore(&mut self, args: &CreateArgs, asked: &Overrides, console: &Console) -> Result<bool, Error> {
        self.rebuild(asked, args.reset).await?;
        if self.survey.rebuilt.is_some() {
            console.note("mesh.json is lost, and rebuilt from what is there; templates of your own have to be named again with `--templates`");
        }
        if args.reset || self.survey.known().is_none() {
            return Ok(false);
        }
        let agreed = self.recover(args, asked, console)?;
        if let Some(rebuilt) = self.survey.rebuilt.clone() {
            // what each cluster shares stands in its API key
            let shared = self.observe(&rebuilt).await?.shared();
            self.survey.rebuilt.iter_mut().for_each(|mesh| mesh.share(&shared));
        }
        Ok(agreed)
    }

    /// Rebuilds the mesh of a directory whose `mesh.json` is lost from what it left. The version of one that is to be
    /// deleted makes no difference.
    pub async fn rebuild(&mut self, asked: &Overrides, deleted: bool) -> Result<(), Error> {
        if self.survey.record.is_some() {
            return Ok(());
        }
        let Some(traces) = self.world.traces(&self.survey).await? else { return Ok(()) };
        let version = asked.stack_version.or(deleted.then_some(DEFAULT_VERSION));
        let asked = Overrides { stack_version: version, ..asked.clone() };
        let mesh = Mesh::rebuild(&traces, &asked, self.circumstances()?)?;
        let templates = asked.templates.unwrap_or_default();
        self.survey.owner_exists = self.world.knows(mesh.owner)?;
        self.survey.rebuilt = Some(templates::of(Mesh { spec: MeshSpec { templates, ..mesh.spec }, ..mesh })?);
        Ok(())
    }

    /// Puts together again what `credentials.txt` held, if it is lost and the user agrees to that; says whether they
    /// do.
    fn recover(&mut self, args: &CreateArgs, asked: &Overrides, console: &Console) -> Result<bool, Error> {
        let found = self.world.found_of_credentials()?;
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
            let words = self.survey.known().map(|mesh| mesh.spec.passphrase_words).unwrap_or_default();
            let words = asked.passphrase_words.unwrap_or(words);
            self.survey.recovered = Some(found.or(Credentials::generate(words.get(), &mut UnwrapErr(SysRng))));
        }
        Ok(agreed)
    }
}
