//! The secure settings of the user's file, into a keystore. I/O: disk, Docker, network.

use std::collections::BTreeSet;

use super::{Apply, files::random};
use crate::{
    console::StageLine,
    error::Error,
    mesh::{
        id::{NodeId, ServiceId},
        layout,
        secure_settings::{Managed, SecureSettings},
    },
    world::{files as saved, secure_settings},
};

impl Apply<'_> {
    /// One write of the keystore, and where the server serves, one restart that is waited for: a name that
    /// Elasticsearch does not know is met before another cluster has it.
    pub(super) async fn store_secure_settings(
        &self,
        node: NodeId,
        restart: bool,
        line: &StageLine,
    ) -> Result<(), Error> {
        let service = ServiceId::from(node);
        let made = self.world.docker.made_of(&self.mesh.container_name(service)).await?;
        self.write_secure_settings(node, made.and_then(|made| made.started))?;
        if !restart {
            return Ok(());
        }
        self.restart_container(service).await?;
        self.await_ready(service, line).await
    }

    /// That the server has yet to read them is recorded before the keystore changes, and which names it no longer has
    /// after it: whatever is interrupted, the next run sees what is left to do.
    fn write_secure_settings(&self, node: NodeId, started: Option<String>) -> Result<(), Error> {
        let (tree, user) = (self.tree()?, self.session.survey.host.uid);
        let path = self.mesh.settings(node.cluster).secure_settings.0.clone();
        let wanted = match &path {
            Some(path) => secure_settings::read(path, user)?,
            None => SecureSettings::default(),
        };
        let mut keys = self.keys.borrow_mut();
        let before = saved::keystore(&tree, node, &mut keys)?;
        let managed = saved::managed(&tree, node).unwrap_or_default();
        let names: BTreeSet<String> = wanted.entries().keys().cloned().collect();
        let mut keystore = before.clone().unwrap_or_default();
        for name in managed.names.difference(&names) {
            keystore.remove(name);
        }
        for (name, value) in wanted.entries() {
            keystore.put(name, value.clone());
        }
        let changes = before.as_ref() != Some(&keystore);
        let unread = if changes { started } else { managed.unread };
        let record = |file: &[u8], held: &_, names: BTreeSet<String>| {
            let managed = Managed { path: path.clone(), names, unread: unread.clone() };
            let text = saved::keystore_record(file, held, Some(&managed));
            self.write(&tree, &layout::keystore_record(node), text.as_bytes())
        };
        let file = tree.read(layout::keystore(node))?.unwrap_or_default();
        if changes {
            record(&file, &before.unwrap_or_default(), managed.names.union(&names).cloned().collect())?;
            let file = keystore.seal(self.mesh.keystore_format(node.cluster), &self.salt, &mut keys, &mut random());
            self.write(&tree, &layout::keystore(node), &file)?;
            return record(&file, &keystore, names);
        }
        record(&file, &keystore, names)
    }
}
