//! The mesh's own gateway: its authority, its files, its container, and nginx that reads them again. I/O: disk, Docker,
//! network.

use std::{collections::BTreeMap, time::Duration};

use rand::RngExt as _;

use super::{Apply, containers::refused, files::random, wait::Probe};
use crate::{
    console::StageLine,
    error::{Error, Exit},
    mesh::{
        certs::Authority,
        gateway::own_files::{CERTIFICATE, Contents, KEY, is_own_file},
        id::ClusterId,
        layout,
    },
    plan::GatewayStep,
    world::{files as saved, gateway},
};

/// nginx reads its files within a moment, and starts within two.
const READ_WITHIN: Duration = Duration::from_secs(30);

impl Apply<'_> {
    pub(super) async fn gateway_step(&self, step: &GatewayStep, line: &StageLine) -> Result<(), Error> {
        let (docker, name) = (&self.world.docker, self.mesh.gateway_name());
        match step {
            GatewayStep::IssueAuthority => self.issue_gateway_authority(),
            GatewayStep::IssueCertificate => self.issue_gateway_certificate(),
            GatewayStep::TakeCertificate => self.take_gateway_certificate(),
            GatewayStep::WriteFiles => self.write_gateway_files(),
            GatewayStep::CreateContainer => self.create_gateway().await,
            GatewayStep::StartContainer => {
                docker.start_container(&name).await.map_err(|error| refused(self.mesh, None, error))
            }
            GatewayStep::StopContainer => {
                docker.stop_container(&name).await.map_err(|error| refused(self.mesh, None, error))
            }
            GatewayStep::RestartContainer => {
                docker.restart_container(&name).await.map_err(|error| refused(self.mesh, None, error))
            }
            GatewayStep::Reload => {
                docker.hang_up(&name).await.map_err(|error| refused(self.mesh, None, error))?;
                self.await_gateway(line).await
            }
            GatewayStep::AwaitReady => self.await_gateway(line).await,
            GatewayStep::RemoveContainer { .. } => self.remove_container(&name, line).await,
            GatewayStep::RemoveFiles => Ok(self.tree()?.remove_tree(layout::GATEWAY)?),
        }
    }

    /// The key first: an authority is there when its certificate is.
    fn issue_gateway_authority(&self) -> Result<(), Error> {
        let (tree, authority) = (self.tree()?, Authority::issue("gateway", self.now));
        self.make_dir(&tree, layout::GATEWAY)?;
        self.make_dir(&tree, layout::GATEWAY_CERTS)?;
        self.write(&tree, layout::GATEWAY_AUTHORITY_KEY, authority.key().expose().as_bytes())?;
        self.write(&tree, layout::GATEWAY_AUTHORITY, authority.certificate().as_bytes())
    }

    fn issue_gateway_certificate(&self) -> Result<(), Error> {
        let files = saved::gateway(&self.tree()?)?;
        let unusable = || {
            Error::new(Exit::Unfinished, "the authority of the gateway cannot be used")
                .hint("type the same command again")
        };
        let pair = files.authority.zip(files.authority_key).ok_or_else(unusable)?;
        let authority = Authority::open(&pair.0, &pair.1).map_err(|error| unusable().cause(error.to_string()))?;
        let names = self.mesh.gateway_names().ok_or_else(unusable)?;
        let identity = authority.sign(&names, self.now);
        self.write_gateway_identity(&identity.certificate, identity.key.expose())
    }

    fn take_gateway_certificate(&self) -> Result<(), Error> {
        match gateway::given(self.mesh, self.now) {
            Some(Ok(given)) => self.write_gateway_identity(&given.certificate, given.key.expose()),
            Some(Err(unusable)) => Err(Error::new(Exit::Request, unusable.reason).hint(unusable.remedy)),
            None => Ok(()),
        }
    }

    fn write_gateway_identity(&self, certificate: &str, key: &str) -> Result<(), Error> {
        let tree = self.tree()?;
        self.make_gateway_dirs()?;
        let (key_path, certificate_path) = (layout::gateway_file(KEY), layout::gateway_file(CERTIFICATE));
        self.write_pair(&tree, (&key_path, key.as_bytes()), (&certificate_path, certificate.as_bytes()))
    }

    fn make_gateway_dirs(&self) -> Result<(), Error> {
        let tree = self.tree()?;
        self.make_dir(&tree, layout::GATEWAY)?;
        self.make_dir(&tree, layout::GATEWAY_CONFIG)
    }

    /// What is not wanted any more is removed last: nginx may still read of it.
    fn write_gateway_files(&self) -> Result<(), Error> {
        self.make_gateway_dirs()?;
        let (tree, stamp) = (self.tree()?, format!("{:016x}\n", random().random::<u64>()));
        let files = saved::gateway(&tree)?;
        let missing =
            || Error::new(Exit::Unfinished, "the gateway has no certificate").hint("type the same command again");
        let (certificate, key) = files.certificate.as_ref().zip(files.certificate_key.as_ref()).ok_or_else(missing)?;
        let trusted = |cluster: ClusterId| Ok((cluster, Self::trusted(&tree, cluster)?));
        let authorities = self.mesh.clusters().map(trusted).collect::<Result<BTreeMap<_, _>, Error>>()?;
        let wanted = self.mesh.gateway_files(&Contents { authorities, certificate, key, stamp: &stamp })?;
        for (name, text) in &wanted.texts {
            self.write(&tree, &layout::gateway_file(name), text.as_bytes())?;
        }
        for name in files.texts.keys().filter(|name| is_own_file(name)) {
            if !wanted.texts.iter().any(|(wanted, _)| wanted == name) {
                tree.remove_tree(layout::gateway_file(name))?;
            }
        }
        Ok(())
    }

    async fn create_gateway(&self) -> Result<(), Error> {
        self.make_gateway_dirs()?;
        let create = async || self.world.docker.create_gateway(self.mesh).await;
        let created = self.create_by_name(&self.mesh.gateway_name(), create).await;
        created.map_err(|error| refused(self.mesh, None, error))
    }

    /// Waits until nginx answers with the files that are on disk.
    async fn await_gateway(&self, line: &StageLine) -> Result<(), Error> {
        let name = self.mesh.gateway_name();
        line.now(&format!("waiting for {name} to read its files"));
        let wanted = saved::gateway(&self.tree()?)?.digest();
        let ready = async || {
            Ok(match self.world.ask_gateway(self.mesh).await {
                Ok(answer) if Some(&answer.digest) == wanted.as_ref() => Probe::Ready(()),
                Ok(_) => Probe::Pending("it has read others".to_owned()),
                Err(error) => Probe::Pending(error.cause()),
            })
        };
        let awaited = self.patience.until(&format!("{name} to answer with its files"), Some(READ_WITHIN), ready).await;
        awaited.map_err(|error| error.or_hint("`mesh logs gateway` says what nginx does not take"))
    }
}
