//! Authorities, certificates and bundles onto disk, and the proof that a server has read them. I/O: disk, network.

use std::time::Duration;

use super::{Apply, wait::Probe};
use crate::{
    console::StageLine,
    error::{Error, Exit},
    facts::{
        observed::ClusterFiles,
        trust::{known_authorities, lacks_access},
    },
    mesh::{
        certs::{self, Authority},
        id::{ClusterId, NodeId, ServiceId},
        layout,
        render::RenderError,
    },
    plan::TrustStep,
    world::{disk::Tree, files as saved},
};

/// Elasticsearch looks for changed certificates every 5 s; see
/// <https://www.elastic.co/docs/deploy-manage/security/updating-certificates>.
const RELOADED_WITHIN: Duration = Duration::from_mins(1);

impl Apply<'_> {
    pub(super) async fn trust_step(&self, step: &TrustStep, line: &StageLine) -> Result<(), Error> {
        match step {
            TrustStep::IssueAuthority(cluster) => self.issue_authority(*cluster),
            TrustStep::IssueNextAuthority(cluster) => self.issue_next_authority(*cluster),
            TrustStep::PromoteAuthority(cluster) => self.promote_authority(*cluster),
            TrustStep::RetireAuthority(cluster) => self.retire_authority(*cluster),
            TrustStep::AwaitCertificate(node) => self.await_certificate(*node, line).await,
            TrustStep::IssueCertificate(service) => self.issue_certificate(*service),
            TrustStep::WriteBundle(cluster) => self.write_bundle(*cluster),
            TrustStep::WriteBrowserBundle => self.write_browser_bundle(),
        }
    }

    /// The key first: an authority is there when its certificate is.
    fn issue_authority(&self, cluster: ClusterId) -> Result<(), Error> {
        let tree = self.tree()?;
        let files = saved::authorities(&tree, cluster)?;
        self.note_retired(&tree, cluster, &files, [&files.authority])?;
        let (key, certificate) = (layout::authority_key(cluster), layout::authority_certificate(cluster));
        self.write_authority(cluster, &Authority::issue(&cluster.to_string(), self.now), &key, &certificate)
    }

    fn issue_next_authority(&self, cluster: ClusterId) -> Result<(), Error> {
        let (key, certificate) = (layout::next_authority_key(cluster), layout::next_authority_certificate(cluster));
        self.write_authority(cluster, &Authority::issue(&cluster.to_string(), self.now), &key, &certificate)
    }

    fn write_authority(
        &self,
        cluster: ClusterId,
        authority: &Authority,
        key: &str,
        certificate: &str,
    ) -> Result<(), Error> {
        let tree = self.tree()?;
        self.make_dir(&tree, &cluster.to_string())?;
        self.make_dir(&tree, &layout::authority_dir(cluster))?;
        self.write(&tree, key, authority.key().expose().as_bytes())?;
        self.write(&tree, certificate, authority.certificate().as_bytes())
    }

    /// The old one is kept first and the next one goes last, so that every authority that is trusted stays on disk
    /// wherever this ends, and doing it again completes it.
    fn promote_authority(&self, cluster: ClusterId) -> Result<(), Error> {
        let tree = self.tree()?;
        let files = saved::authorities(&tree, cluster)?;
        let (Some(certificate), Some(key)) = (&files.next_authority, &files.next_authority_key) else {
            return Ok(());
        };
        if let (Some(old), None) = (&files.authority, &files.old_authority) {
            self.write(&tree, &layout::old_authority(cluster), old.as_bytes())?;
        }
        let (key_path, certificate_path) = (layout::authority_key(cluster), layout::authority_certificate(cluster));
        self.write_pair(&tree, (&key_path, key.expose().as_bytes()), (&certificate_path, certificate.as_bytes()))?;
        tree.remove_tree(layout::next_authority_certificate(cluster))?;
        Ok(tree.remove_tree(layout::next_authority_key(cluster))?)
    }

    fn retire_authority(&self, cluster: ClusterId) -> Result<(), Error> {
        let tree = self.tree()?;
        let files = saved::authorities(&tree, cluster)?;
        self.note_retired(&tree, cluster, &files, [&files.next_authority, &files.old_authority])?;
        tree.remove_tree(layout::next_authority_certificate(cluster))?;
        tree.remove_tree(layout::next_authority_key(cluster))?;
        Ok(tree.remove_tree(layout::old_authority(cluster))?)
    }

    /// Notes authorities that are about to go, while bundles have them: wherever this ends, the next run can tell them
    /// from those of a peer whose file is lost.
    fn note_retired<'a>(
        &self,
        tree: &Tree,
        cluster: ClusterId,
        files: &'a ClusterFiles,
        gone: impl IntoIterator<Item = &'a Option<String>>,
    ) -> Result<(), Error> {
        let before = &files.retired_authorities;
        let all = certs::bundle(std::iter::once(before).chain(gone).flatten().map(String::as_str));
        if before.as_deref().unwrap_or_default() == all {
            return Ok(());
        }
        self.write(tree, &layout::retired_authorities(cluster), all.as_bytes())
    }

    /// Key and certificate change together: a server that reads one of each shows a certificate that it cannot prove.
    fn issue_certificate(&self, service: ServiceId) -> Result<(), Error> {
        let tree = self.tree()?;
        let names = self.mesh.certificate_names(service).ok_or(RenderError::NoService(service))?;
        let identity = self.authority(&tree, service.cluster())?.sign(&names, self.now);
        self.make_certificates_dir(&tree, service)?;
        let (key, certificate) = (layout::certificate_key(service), layout::certificate(service));
        let (key, certificate) =
            ((&*key, identity.key.expose().as_bytes()), (&*certificate, identity.certificate.as_bytes()));
        self.write_pair(&tree, key, certificate)
    }

    fn make_certificates_dir(&self, tree: &Tree, service: ServiceId) -> Result<(), Error> {
        self.make_service_dirs(tree, service)?;
        self.make_dir(tree, &layout::config(service, "certs"))
    }

    fn unusable(cluster: ClusterId) -> Error {
        Error::new(Exit::Unfinished, format!("the authority of {cluster} cannot be used"))
            .hint("type the same command again")
    }

    fn authority(&self, tree: &Tree, cluster: ClusterId) -> Result<Authority, Error> {
        let files = saved::authorities(tree, cluster)?;
        let pair = files.authority.zip(files.authority_key);
        let (certificate, key) = pair.ok_or_else(|| Self::unusable(cluster))?;
        Authority::open(&certificate, &key).map_err(|error| Self::unusable(cluster).cause(error.to_string()))
    }

    pub(super) fn trusted(tree: &Tree, cluster: ClusterId) -> Result<String, Error> {
        saved::authorities(tree, cluster)?.trusted().ok_or_else(|| Self::unusable(cluster))
    }

    fn bundle(tree: &Tree, of: impl Iterator<Item = ClusterId>, of_peers: &[String]) -> Result<String, Error> {
        let trusted: Vec<String> = of.map(|cluster| Self::trusted(tree, cluster)).collect::<Result<_, Error>>()?;
        Ok(certs::bundle(trusted.iter().chain(of_peers).map(String::as_str)))
    }

    fn write_bundle(&self, cluster: ClusterId) -> Result<(), Error> {
        let tree = self.tree()?;
        let of_peers = Self::peer_authorities(self.mesh, &tree, cluster)?;
        let bundle = Self::bundle(&tree, self.mesh.trusted_by(cluster), &of_peers)?;
        let bundle = self.with_lost_peers(&tree, cluster, bundle)?;
        let trusted = Self::trusted(&tree, cluster)?;
        for service in self.mesh.services_in(cluster) {
            self.make_certificates_dir(&tree, service)?;
            self.write(&tree, &layout::own_authority(service), trusted.as_bytes())?;
        }
        for node in self.mesh.nodes(cluster) {
            self.write(&tree, &layout::mesh_authorities(node), bundle.as_bytes())?;
        }
        Ok(())
    }

    /// A bundle of a cluster with the authorities of peers whose files are lost: they are in the bundle before alone.
    fn with_lost_peers(&self, tree: &Tree, cluster: ClusterId, bundle: String) -> Result<String, Error> {
        let kept = saved::peers(tree)?;
        if !lacks_access(self.mesh, cluster, &kept) {
            return Ok(bundle);
        }
        let mut before = String::new();
        for node in self.mesh.nodes(cluster) {
            before.extend(saved::text(tree, &layout::mesh_authorities(node))?);
        }
        let files = self.mesh.clusters().map(|of| saved::authorities(tree, of));
        let files: Vec<ClusterFiles> = files.collect::<Result<_, saved::FilesError>>()?;
        Ok(certs::keeping(&bundle, &before, &known_authorities(self.mesh, files.iter(), &kept)))
    }

    fn write_browser_bundle(&self) -> Result<(), Error> {
        let tree = self.tree()?;
        let gateway = saved::gateway(&tree)?.authority.filter(|_| self.mesh.has_gateway_authority());
        let gateway: Vec<String> = gateway.into_iter().collect();
        self.write(&tree, layout::BUNDLE, Self::bundle(&tree, self.mesh.clusters(), &gateway)?.as_bytes())
    }

    /// A server reads all files of its directory in one go, so one that shows its new certificate has read the bundles
    /// that were written before. Asked by a new client each time: a connection that stays shows what it began with.
    async fn await_certificate(&self, node: NodeId, line: &StageLine) -> Result<(), Error> {
        let name = ServiceId::from(node);
        let file = saved::text(&self.tree()?, &layout::certificate(name))?;
        let wanted = file.as_deref().and_then(certs::fingerprint);
        let before = self.world.docker.restarts(&self.mesh.container_name(name)).await?;
        line.now(&format!("waiting for {name} to show its certificate"));
        let shown = async || {
            self.watch(name, before).await?;
            Ok(match self.server_on(node)?.certificate().await {
                Ok(certificate) if Some(&certificate) == wanted.as_ref() => Probe::Ready(()),
                Ok(_) => Probe::Pending(format!(
                    "it shows another one; `mesh manage restart {}` has it read its files",
                    node.cluster.number()
                )),
                Err(error) => Probe::Pending(error.cause()),
            })
        };
        self.patience.until(&format!("{name} to show its certificate"), Some(RELOADED_WITHIN), shown).await
    }
}
