//! The certificates of the mesh's own gateway, beside those of clusters. Pure.

use time::OffsetDateTime;

use super::{
    CertificateRow, Certificates, Purpose,
    certificates::{NO_KEY, authority_row, row},
};
use crate::{
    facts::{gateway::GatewayFiles, observed::Observed},
    mesh::{
        Mesh,
        certs::{self, CertificateError},
    },
};

impl Certificates {
    /// These, with what the gateway shows and the authority that signed it. One that the user gave has none here.
    #[must_use]
    pub fn with_gateway(mut self, mesh: &Mesh, there: &Observed, now: OffsetDateTime) -> Self {
        if mesh.gateway.is_none() {
            return self;
        }
        let files = &there.gateway.files;
        let own = mesh.has_gateway_authority();
        if own {
            let authority = (files.authority.as_ref(), files.authority_key.as_ref());
            self.certificates.push(authority_row(None, Purpose::GatewayAuthority, authority, now));
        }
        let of = if own { Purpose::Gateway } else { Purpose::GatewayGiven };
        let shown = row(None, of, files.certificate.as_ref(), None, unusable(files, own, now), now);
        self.certificates.push(CertificateRow { service: Some(mesh.gateway_name()), ..shown });
        self
    }
}

/// Why the gateway cannot use its certificate. An authority of the user's is not known, so none is asked for.
fn unusable(files: &GatewayFiles, own: bool, now: OffsetDateTime) -> Option<String> {
    let Some(certificate) = &files.certificate else { return Some(CertificateError::Absent.to_string()) };
    let Some(key) = &files.certificate_key else { return Some(NO_KEY.to_owned()) };
    let checked = match (&files.authority, own) {
        (Some(authority), true) => certs::verify(certificate, Some(key), authority, now),
        (None, true) => return Some("its authority is missing".to_owned()),
        (_, false) => certs::belongs_together(certificate, key, now),
    };
    checked.err().map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;
    use crate::{
        judge::expiry::VERSION,
        mesh::{
            certs::{Authority, Names},
            settings::UserFile,
        },
    };

    const NOW: OffsetDateTime = datetime!(2026-01-31 12:00 UTC);

    fn rows(mesh: &Mesh, there: &Observed, now: OffsetDateTime) -> String {
        let none = Certificates { version: VERSION, certificates: Vec::new() };
        let line = |row: &CertificateRow| {
            let service = row.service.as_deref().unwrap_or("-");
            let reason = row.reason.as_deref().unwrap_or_default();
            format!("{}, {service}: {} {:?} {reason}", row.word(), row.state.word(), row.days_left)
                .trim_end()
                .to_owned()
        };
        none.with_gateway(mesh, there, now).certificates.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_gateway_shows_a_certificate_of_its_own_authority_or_the_users() {
        let mut mesh = Mesh::example(1).named("ci42").with_gateway("127.0.0.1:8443");
        let authority = Authority::issue("gateway", NOW);
        let identity = authority.sign(&mesh.gateway_names().unwrap(), NOW);
        let mut there = Observed::default();
        there.gateway.files = GatewayFiles {
            authority: Some(authority.certificate().to_owned()),
            authority_key: Some(authority.key().clone()),
            certificate: Some(identity.certificate),
            certificate_key: Some(identity.key),
            ..GatewayFiles::default()
        };
        insta::assert_snapshot!(rows(&mesh, &there, NOW), @r"
        authority of the gateway, -: good Some(3652)
        gateway, ci42-mesh-gateway: good Some(1095)
        ");
        insta::assert_snapshot!(rows(&mesh, &there, NOW + Duration::days(1080)), @r"
        authority of the gateway, -: good Some(2572)
        gateway, ci42-mesh-gateway: expires soon Some(15)
        ");
        there.gateway.files.certificate_key = None;
        insta::assert_snapshot!(rows(&mesh, &there, NOW).lines().last().unwrap(), @"gateway, ci42-mesh-gateway: unusable Some(1095) its private key is missing");
        let given = Authority::issue("other", NOW).sign(&Names::example(), NOW);
        (there.gateway.files.certificate, there.gateway.files.certificate_key) =
            (Some(given.certificate), Some(given.key));
        assert!(rows(&mesh, &there, NOW).contains("was not signed by mesh gateway CA"));
        mesh.spec.gateway_cert = UserFile(Some("/tls.crt".into()));
        insta::assert_snapshot!(rows(&mesh, &there, NOW), @"gateway, as given, ci42-mesh-gateway: good Some(1095)");
        assert_eq!(rows(&Mesh::example(1), &there, NOW), "", "a mesh without one");
    }

    #[test]
    fn the_gateway_is_of_no_cluster_for_programs() {
        let mesh = Mesh::example(1).with_gateway("127.0.0.1:8443");
        let listed = Certificates { version: VERSION, certificates: Vec::new() };
        let listed = listed.with_gateway(&mesh, &Observed::default(), NOW);
        let text = serde_json::to_value(&listed).unwrap();
        let of = |row: usize| (&text["certificates"][row]["cluster"], &text["certificates"][row]["for"]);
        assert_eq!(of(0), (&serde_json::Value::Null, &"gateway_authority".into()));
        assert_eq!(of(1), (&serde_json::Value::Null, &"gateway".into()));
        assert!(!listed.all_usable());
    }
}
