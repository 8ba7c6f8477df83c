//! What the steps of the mesh's own gateway change, and what they need. Pure.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{Model, NOW};
use crate::{
    facts::{
        gateway::{GatewayAnswer, GatewayFacts, GatewayFiles},
        observed::{Answer, ContainerFacts, ContainerState},
    },
    mesh::{
        Mesh,
        certs::{self, Authority},
        gateway::own_files::Contents,
        id::ClusterId,
    },
    plan::GatewayStep,
};

impl Model {
    pub(super) fn gateway_answer(&self) -> Option<Answer<GatewayAnswer>> {
        self.gateway_read.clone().filter(|_| self.there.gateway.runs()).map(Answer::Ready)
    }

    pub(super) fn stop_gateway(&mut self) {
        if let Some(container) = &mut self.there.gateway.container {
            (container.state, container.address) = (ContainerState::Stopped, None);
        }
        self.gateway_read = None;
    }

    pub(super) fn carry_out_of_gateway(&mut self, mesh: &Mesh, step: &GatewayStep) {
        let stamp = self.number().to_string();
        let GatewayFacts { container, files, given, .. } = &mut self.there.gateway;
        match step {
            GatewayStep::IssueAuthority => {
                let authority = Authority::issue("gateway", NOW);
                files.present = true;
                files.authority = Some(authority.certificate().to_owned());
                files.authority_key = Some(authority.key().clone());
            }
            GatewayStep::IssueCertificate => self.sign_gateway(mesh, NOW),
            GatewayStep::TakeCertificate => {
                let given = given.clone().expect("should be asked for").expect("should be read");
                files.present = true;
                (files.certificate, files.certificate_key) = (Some(given.certificate), Some(given.key));
            }
            GatewayStep::WriteFiles => {
                let files = files.clone();
                let trusted = |cluster: ClusterId| (cluster, self.trusted(cluster));
                let authorities: BTreeMap<ClusterId, String> = mesh.clusters().map(trusted).collect();
                let certificate = files.certificate.as_ref().expect("should have a certificate first");
                let key = files.certificate_key.as_ref().expect("should have a key first");
                let contents = Contents { authorities, certificate, key, stamp: &stamp };
                let wanted = mesh.gateway_files(&contents).expect("should render");
                self.there.gateway.files.texts = wanted.texts.into_iter().collect();
            }
            GatewayStep::CreateContainer => {
                assert!(self.proved, "the engine should be seen to have the directory first");
                let network = self.there.network.as_ref().expect("should have a network first");
                let image = mesh.gateway_image().expect("should be wanted");
                assert!(self.there.images.contains(&image), "should have the image first");
                let made_from = mesh.gateway_made_from().expect("should be wanted");
                assert!(container.is_none(), "the name should be free");
                *container = Some(ContainerFacts {
                    id: stamp,
                    fingerprint: Some(made_from.fingerprint()),
                    network: Some(network.id.clone()),
                    made: Some(made_from.container.as_inspected()),
                    ..ContainerFacts::in_state(ContainerState::Created)
                });
            }
            GatewayStep::StartContainer | GatewayStep::RestartContainer => {
                let container = container.as_mut().expect("should have a container first");
                let address = mesh.gateway.as_ref().map(|own| own.address.into());
                (container.state, container.address) = (ContainerState::Running, address);
                container.started = Some(stamp);
                self.read_gateway(mesh);
            }
            GatewayStep::Reload => {
                assert!(self.there.gateway.runs(), "should run before it reads again");
                self.read_gateway(mesh);
            }
            GatewayStep::StopContainer => self.stop_gateway(),
            GatewayStep::AwaitReady => assert!(self.gateway_answer().is_some(), "should run before it is asked"),
            GatewayStep::RemoveContainer { .. } => {
                assert!(container.take().is_some(), "should exist");
                self.gateway_read = None;
            }
            GatewayStep::RemoveFiles => {
                assert!(container.is_none(), "files in use should not go");
                *files = GatewayFiles::default();
            }
        }
    }

    /// nginx does not start, and keeps what it had, where files are missing.
    fn read_gateway(&mut self, mesh: &Mesh) {
        let files = &self.there.gateway.files;
        assert!(files.certificate_key.is_some(), "should have a key");
        let certificate = files.certificate.as_deref().and_then(certs::fingerprint).expect("should have a certificate");
        assert!(mesh.clusters().all(|of| files.texts.contains_key(&format!("{of}.crt"))), "should have authorities");
        let digest = files.digest().expect("should have a configuration");
        self.gateway_read = Some(GatewayAnswer { digest, certificate });
    }

    /// The gateway has read the files that are there.
    pub(super) fn assert_gateway_shows_its_certificate(&self) {
        let files = &self.there.gateway.files;
        let read = self.gateway_read.as_ref().expect("the gateway should run");
        assert_eq!(Some(&read.digest), files.digest().as_ref(), "the gateway should have read its files");
        let certificate = files.certificate.as_deref().and_then(certs::fingerprint);
        assert_eq!(Some(&read.certificate), certificate.as_ref(), "the gateway should show its certificate");
    }

    /// Gives the gateway a certificate that was signed at that time.
    pub(super) fn sign_gateway(&mut self, mesh: &Mesh, at: OffsetDateTime) {
        let files = &mut self.there.gateway.files;
        let pair = files.authority.as_ref().zip(files.authority_key.as_ref()).expect("should have an authority");
        let authority = Authority::open(pair.0, pair.1).expect("should be a pair");
        let identity = authority.sign(&mesh.gateway_names().expect("should be wanted"), at);
        (files.certificate, files.certificate_key) = (Some(identity.certificate), Some(identity.key));
    }

    /// What of an authority may be shown, the gateway believes; and it has read what is there.
    pub(super) fn assert_gateway_is(&self, mesh: &Mesh) {
        let found = &self.there.gateway;
        assert_eq!(found.container.is_some(), mesh.gateway.is_some(), "a gateway");
        assert_eq!(found.files.present, mesh.gateway.is_some(), "files of a gateway");
        if mesh.gateway.is_some() {
            assert!(found.runs(), "the gateway should run");
            self.assert_gateway_shows_its_certificate();
            for cluster in mesh.clusters() {
                assert_eq!(found.files.texts[&format!("{cluster}.crt")], self.trusted(cluster), "{cluster}");
            }
            let own = found.files.authority.as_deref().filter(|_| mesh.has_gateway_authority());
            let bundle = self.there.browser_bundle.as_deref().unwrap_or_default();
            assert!(own.is_none_or(|own| certs::fingerprints(bundle).is_superset(&certs::fingerprints(own))));
        }
    }
}
