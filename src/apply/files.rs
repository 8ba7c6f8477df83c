//! Settings and secrets onto disk, and the names into `/etc/hosts`. I/O: disk.

use rand::{rand_core::UnwrapErr, rngs::SysRng};

use super::{Apply, gone};
use crate::{
    error::Error,
    judge::check::HOSTS_UNUSABLE,
    mesh::{
        Owner,
        credentials::Credentials,
        hosts_file,
        id::{ClusterId, NodeId, ServiceId},
        keystore::{self, Format, Keystore},
        layout,
        links::{Key, Link},
        permissions::{self, Holder, Permissions},
        secret::Secret,
    },
    plan::permissions::Misfit,
    world::{
        access, account,
        disk::{self, Tree},
        files as saved, lock,
        survey::ACCOUNT,
    },
};

/// The operating system's randomness; it failing is no state to go on in.
pub(super) fn random() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

impl Apply<'_> {
    /// Writes a file of the mesh with the mode and the owner that it is to have.
    pub(super) fn write(&self, tree: &Tree, path: &str, contents: &[u8]) -> Result<(), Error> {
        let Permissions { mode, holder } = permissions::of_file(path);
        Ok(tree.write(path, contents, mode, self.given_to(holder))?)
    }

    /// Writes a key and its certificate, which belong together; see [`Tree::write_pair`].
    pub(super) fn write_pair(&self, tree: &Tree, key: (&str, &[u8]), certificate: (&str, &[u8])) -> Result<(), Error> {
        let Permissions { mode, holder } = permissions::of_file(key.0);
        let public = permissions::of_file(certificate.0).mode;
        let (key, certificate) = ((key.0, key.1, mode), (certificate.0, certificate.1, public));
        Ok(tree.write_pair(key, certificate, self.given_to(holder))?)
    }

    /// Makes a directory of the mesh with the mode and the owner that it is to have, or gives them to one that is
    /// there.
    pub(super) fn make_dir(&self, tree: &Tree, path: &str) -> Result<(), Error> {
        let Permissions { mode, holder } = permissions::of_dir(path);
        Ok(tree.make_dir(path, mode, self.given_to(holder))?)
    }

    /// Whom a file is given to, if it does not stay with the user who writes it.
    fn given_to(&self, holder: Holder) -> Option<Owner> {
        match holder {
            Holder::Mesh => None,
            Holder::Service => self.owner(),
        }
    }

    /// What lies below goes first: until it is done, the wrong owner of the directory tells that it is not.
    pub(super) fn set_permissions(&self, misfit: &Misfit) -> Result<(), Error> {
        let Misfit { path, mode: (_, mode), uid: (_, uid), gid: (_, gid), deep } = misfit;
        let tree = self.tree()?;
        if *deep {
            tree.give(path, *uid, *gid)?;
        }
        Ok(tree.set_permissions(path, *mode, *uid, *gid)?)
    }

    pub(super) fn create_account(&self, uid: u32) -> Result<(), Error> {
        account::create(ACCOUNT, uid)?;
        Ok(())
    }

    pub(super) fn write_credentials(&self) -> Result<(), Error> {
        let credentials = Credentials::generate(self.mesh.spec.passphrase_words.get(), &mut random());
        self.put_credentials(&self.mesh.complete(credentials, &mut random()))
    }

    pub(super) fn put_credentials(&self, credentials: &Credentials) -> Result<(), Error> {
        self.write(&self.tree()?, layout::CREDENTIALS, credentials.render().expose().as_bytes())
    }

    pub(super) fn credentials(&self) -> Result<Credentials, Error> {
        access::credentials(&self.tree()?).map_err(gone)
    }

    /// Every directory that the service's container mounts.
    pub(super) fn make_service_dirs(&self, tree: &Tree, service: ServiceId) -> Result<(), Error> {
        self.make_dir(tree, &service.cluster().to_string())?;
        self.make_dir(tree, &layout::service_dir(service))?;
        for name in layout::directories(service) {
            self.make_dir(tree, &format!("{}/{name}", layout::service_dir(service)))?;
        }
        Ok(())
    }

    /// The settings last, since they tell that all is there.
    pub(super) fn write_settings(&self, service: ServiceId) -> Result<(), Error> {
        let tree = self.tree()?;
        self.make_service_dirs(&tree, service)?;
        if let Some(node) = service.node() {
            self.make_dir(&tree, &layout::config(service, "jvm.options.d"))?;
            let options = self.mesh.render_jvm_options(node)?;
            self.write(&tree, &layout::jvm_options(node), options.as_bytes())?;
            if let Some(hosts) = self.mesh.seed_hosts(node.cluster) {
                self.write(&tree, &layout::seed_hosts(node), hosts.as_bytes())?;
            }
        }
        let formation = saved::formation(&tree, service.cluster())?;
        let text = self.mesh.render_settings(service, &self.credentials()?, formation)?;
        self.write(&tree, &layout::settings(service), text.expose().as_bytes())
    }

    /// The password to start with, and the credentials of remotes that there are by now, since a node that joins is
    /// asked at once; other entries stay.
    pub(super) fn write_keystore(&self, node: NodeId) -> Result<(), Error> {
        let (tree, password) = (self.tree()?, self.credentials()?.elastic);
        let mut entries = vec![(keystore::BOOTSTRAP_PASSWORD.to_owned(), password)];
        if !node.is_first() {
            entries.extend(self.peer_credentials(node.cluster)?);
            for remote in self.mesh.remotes(node.cluster) {
                let key = saved::saved_key(&tree, self.mesh.key_of(Link { from: node.cluster, to: remote }))?;
                entries.extend(key.map(|key| (keystore::credentials_of(&remote.into()), Secret::new(key.encoded))));
            }
        }
        self.edit_keystore(node, self.mesh.keystore_format(node.cluster), |keystore| {
            for (name, value) in entries {
                keystore.put(&name, value);
            }
        })
    }

    /// One write of a node's keystore, if `edit` changes it at all.
    pub(super) fn edit_keystore(
        &self,
        node: NodeId,
        format: Format,
        edit: impl FnOnce(&mut Keystore),
    ) -> Result<(), Error> {
        let tree = self.tree()?;
        let mut keys = self.keys.borrow_mut();
        let before = saved::keystore(&tree, node, &mut keys)?;
        let mut keystore = before.clone().unwrap_or_else(Keystore::new);
        edit(&mut keystore);
        if before.as_ref() == Some(&keystore) {
            return Ok(());
        }
        let file = keystore.seal(format, &self.salt, &mut keys, &mut random());
        self.write(&tree, &layout::keystore(node), &file)?;
        let record = saved::keystore_record(&file, &keystore, saved::managed(&tree, node).as_ref());
        self.write(&tree, &layout::keystore_record(node), record.as_bytes())
    }

    pub(super) fn write_key(&self, key: Key, text: &Secret) -> Result<(), Error> {
        self.write(&self.tree()?, &layout::key(key), text.expose().as_bytes())
    }

    pub(super) fn remove_files(&self, cluster: ClusterId) -> Result<(), Error> {
        Ok(self.tree()?.remove_tree(cluster.to_string())?)
    }

    pub(super) fn remove_directory(&self) -> Result<(), Error> {
        let Some(tree) = self.world.tree()? else { return Ok(()) };
        let own = |name: &str| layout::is_own(name) || name.contains(".mesh-tmp-");
        if !tree.remove(layout::RECORD, own)? {
            self.console.note(&format!(
                "{} stays: it is a disk of its own, something that is not the mesh's is in it, or its parent belongs to another user",
                self.mesh.dir.display()
            ));
        }
        Ok(())
    }

    pub(super) fn write_hosts(&self, present: bool) -> Result<(), Error> {
        let path = &self.world.hosts_file;
        let _lock = if self.session.survey.host.is_root { lock::hosts_file().ok() } else { None };
        let text =
            disk::read_outside(path).map_err(|error| Error::from(error).hint(HOSTS_UNUSABLE))?.unwrap_or_default();
        let name = self.mesh.name.as_ref();
        let entries = present.then(|| self.mesh.host_entries());
        let edited = hosts_file::with_block(&text, name, entries.as_deref()).map_err(|error| {
            let message = format!("{}: {error}", path.display());
            Error { message, ..error.into() }
        })?;
        if edited == text {
            return Ok(());
        }
        let has_block = hosts_file::with_block(&text, name, None).is_ok_and(|without| without != text);
        let hint = match (present, has_block) {
            (true, false) => {
                "make it writable and type the same command again, with `--no-hosts` if it shall have no names"
            }
            (true, true) => "make it writable and type the same command again",
            (false, _) => {
                "make it writable and type the same command again, or delete the lines between the mesh's two marker lines by hand"
            }
        };
        disk::replace(path, &edited).map_err(|error| Error::from(error).hint(hint))
    }
}
