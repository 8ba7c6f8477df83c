//! Settings and secrets onto disk, and the names into `/etc/hosts`. I/O: disk.

use rand::{rand_core::UnwrapErr, rngs::SysRng};

use super::Apply;
use crate::{
    error::{Error, Exit},
    mesh::{
        credentials::Credentials,
        hosts_file,
        id::{ClusterId, ServiceId, ServiceKind},
        keystore::{self, Format, Keystore},
        layout,
        secret::Secret,
    },
    plan::check::HOSTS_UNUSABLE,
    world::{
        account,
        disk::{self, Tree},
        files as saved,
        survey::ACCOUNT,
    },
};

/// Modes of what is written: public, for the container's user and for nobody else.
pub(super) const PUBLIC: u32 = 0o644;
pub(super) const PRIVATE: u32 = 0o600;
pub(super) const DIR_PUBLIC: u32 = 0o755;
pub(super) const DIR_PRIVATE: u32 = 0o700;
/// Of directories that containers use: their user and group 0.
pub(super) const DIR_SERVICE: u32 = 0o750;
/// What Elasticsearch's own tool gives the keystore.
const KEYSTORE: u32 = 0o660;

/// The operating system's randomness; it failing is no state to go on in.
pub(super) fn random() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

impl Apply<'_> {
    /// Written before the first change, so that any later run knows what was meant.
    pub(super) fn record(&self) -> Result<(), Error> {
        let tree = Tree::create(&self.mesh.dir, DIR_PUBLIC)?;
        let text = serde_json::to_string_pretty(self.mesh).expect("should be JSON: the tests write it");
        Ok(tree.write(layout::RECORD, format!("{text}\n").as_bytes(), PUBLIC, None)?)
    }

    pub(super) fn create_account(&self, uid: u32) -> Result<(), Error> {
        account::create(ACCOUNT, uid)?;
        Ok(())
    }

    pub(super) fn write_credentials(&self) -> Result<(), Error> {
        let credentials = Credentials::generate(self.mesh.spec.passphrase_words.get(), &mut random());
        self.put_credentials(&credentials)
    }

    pub(super) fn put_credentials(&self, credentials: &Credentials) -> Result<(), Error> {
        Ok(self.tree()?.write(layout::CREDENTIALS, credentials.render().expose().as_bytes(), PRIVATE, None)?)
    }

    pub(super) fn credentials(&self) -> Result<Credentials, Error> {
        saved::credentials(&self.tree()?)?.ok_or_else(|| {
            Error::new(Exit::Unfinished, format!("{} is gone", self.mesh.dir.join(layout::CREDENTIALS).display()))
                .hint("type the same command again")
        })
    }

    /// Every directory that the service's container mounts.
    pub(super) fn make_service_dirs(&self, tree: &Tree, service: ServiceId) -> Result<(), Error> {
        tree.make_dir(service.cluster.to_string(), DIR_PUBLIC, None)?;
        tree.make_dir(layout::service_dir(service), DIR_SERVICE, self.owner())?;
        for (name, _) in layout::mounts(service.kind) {
            tree.make_dir(format!("{}/{name}", layout::service_dir(service)), DIR_SERVICE, self.owner())?;
        }
        Ok(())
    }

    /// The settings last, since they tell that all is there.
    pub(super) fn write_settings(&self, service: ServiceId) -> Result<(), Error> {
        let tree = self.tree()?;
        self.make_service_dirs(&tree, service)?;
        if service.kind == ServiceKind::Elastic {
            tree.make_dir(layout::config(service, "jvm.options.d"), DIR_SERVICE, self.owner())?;
            let options = self.mesh.render_jvm_options(service.cluster)?;
            tree.write(layout::jvm_options(service.cluster), options.as_bytes(), PUBLIC, self.owner())?;
        }
        let text = self.mesh.render_settings(service, &self.credentials()?)?;
        Ok(tree.write(layout::settings(service), text.expose().as_bytes(), PRIVATE, self.owner())?)
    }

    /// The password to start with; other entries stay.
    pub(super) fn write_keystore(&self, cluster: ClusterId) -> Result<(), Error> {
        let password = self.credentials()?.elastic;
        let format = self.mesh.keystore_format(cluster);
        self.edit_keystore(cluster, format, |keystore| keystore.put(keystore::BOOTSTRAP_PASSWORD, password))
    }

    /// One write of a cluster's keystore, if `edit` changes it at all.
    pub(super) fn edit_keystore(
        &self,
        cluster: ClusterId,
        format: Format,
        edit: impl FnOnce(&mut Keystore),
    ) -> Result<(), Error> {
        let tree = self.tree()?;
        let before = saved::keystore(&tree, cluster)?;
        let mut keystore = before.clone().unwrap_or_else(Keystore::new);
        edit(&mut keystore);
        if before.as_ref() == Some(&keystore) {
            return Ok(());
        }
        let file = keystore.seal(format, &self.salt, &mut random());
        tree.write(layout::keystore(cluster), &file, KEYSTORE, self.owner())?;
        let record = saved::keystore_record(&file, &keystore);
        Ok(tree.write(layout::keystore_record(cluster), record.as_bytes(), PRIVATE, None)?)
    }

    pub(super) fn write_key(&self, cluster: ClusterId, text: &Secret) -> Result<(), Error> {
        Ok(self.tree()?.write(layout::api_key(cluster), text.expose().as_bytes(), PRIVATE, None)?)
    }

    pub(super) fn remove_files(&self, cluster: ClusterId) -> Result<(), Error> {
        Ok(self.tree()?.remove_tree(cluster.to_string())?)
    }

    pub(super) fn remove_directory(&self) -> Result<(), Error> {
        let Some(tree) = self.world.tree()? else { return Ok(()) };
        let own = |name: &str| layout::is_own(name) || name.contains(".mesh-tmp-");
        if !tree.remove(layout::RECORD, own)? {
            self.console.note(&format!(
                "{} stays: something that is not the mesh's is in it, it is a mount, or its parent is somebody else's",
                self.mesh.dir.display()
            ));
        }
        Ok(())
    }

    pub(super) fn write_hosts(&self, present: bool) -> Result<(), Error> {
        let path = &self.world.hosts_file;
        let text = disk::read_outside(path)
            .map_err(|error| Error::new(Exit::Unfinished, error.to_string()).hint(HOSTS_UNUSABLE))?
            .unwrap_or_default();
        let entries = present.then(|| self.mesh.host_entries());
        let edited = hosts_file::with_block(&text, entries.as_deref())
            .map_err(|error| Error::new(Exit::Unfinished, format!("{}: {error}", path.display())).hint(error.hint()))?;
        if edited == text {
            return Ok(());
        }
        let has_block = hosts_file::with_block(&text, None).is_ok_and(|without| without != text);
        let hint = match (present, has_block) {
            (true, false) => {
                "make it writable and type the same command again, with `--no-hosts` if it shall have no names"
            }
            (true, true) => "make it writable and type the same command again",
            (false, _) => {
                "make it writable and type the same command again, or delete the lines between the mesh's two marker lines by hand"
            }
        };
        disk::replace(path, &edited).map_err(|error| Error::new(Exit::Unfinished, error.to_string()).hint(hint))
    }
}
