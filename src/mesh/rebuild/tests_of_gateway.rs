//! The mesh's own gateway comes back with a rebuilt record.

use super::{
    tests::{now, traces},
    *,
};
use crate::mesh::settings::{GatewayAddress, GatewayImage, UserFile};

/// What tells of the gateway of a whole mesh.
pub(super) fn trace(mesh: &Mesh) -> Option<GatewayTrace> {
    let (at, image) = mesh.gateway_at().zip(mesh.gateway_image())?;
    Some(GatewayTrace { container: Some(GatewayContainer { at, image }), given: !mesh.has_gateway_authority() })
}

#[test]
fn a_gateway_comes_back_with_its_image() {
    for image in ["", "registry.local/nginx:1.26.3"] {
        let mut mesh = Mesh::example(2).with_gateway("127.0.0.1:8443");
        mesh.spec.gateway_image = GatewayImage(Some(image.to_owned()).filter(|image| !image.is_empty()));
        let rebuilt = Mesh::rebuild(&traces(&mesh), &Overrides::default(), now()).unwrap();
        assert_eq!((&rebuilt.gateway, &rebuilt.spec), (&mesh.gateway, &mesh.spec));
    }
}

/// The path that it was given by is lost, and no certificate of the mesh's own takes its place.
#[test]
fn a_certificate_that_was_given_comes_back_as_its_copy() {
    let mut mesh = Mesh::example(2).with_gateway("0.0.0.0:443");
    let file = |path: &str| UserFile(Some(path.into()));
    (mesh.spec.gateway_cert, mesh.spec.gateway_key) = (file("/etc/ssl/a.crt"), file("/etc/ssl/a.key"));
    let rebuilt = Mesh::rebuild(&traces(&mesh), &Overrides::default(), now()).unwrap();
    assert!(!rebuilt.has_gateway_authority());
    let copies = ["crt", "key"].map(|end| file(&format!("/mnt/data/mesh/gateway/config/tls.{end}")));
    assert_eq!([rebuilt.spec.gateway_cert, rebuilt.spec.gateway_key], copies);
    assert_eq!((rebuilt.gateway, rebuilt.spec.gateway), (mesh.gateway, mesh.spec.gateway));
}

#[test]
fn an_address_that_no_container_tells_is_asked_for() {
    let mut mesh = Mesh::example(2).with_gateway("127.0.0.1:8443");
    let mut left = traces(&mesh);
    left.gateway = left.gateway.map(|found| GatewayTrace { container: None, ..found });
    let rebuilt = |gateway: Option<&str>| {
        let gateway = gateway.map(|at| GatewayAddress(at.parse().ok()));
        Mesh::rebuild(&left, &Overrides { gateway, ..Overrides::default() }, now())
    };
    assert_eq!(rebuilt(None), Err(RebuildError::NoGatewayAddress));
    let same = rebuilt(Some("127.0.0.1:8443")).unwrap();
    assert_eq!((&same.gateway, &same.spec), (&mesh.gateway, &mesh.spec));
    (mesh.gateway, mesh.spec.gateway) = (None, GatewayAddress(None));
    let none = rebuilt(Some("")).unwrap();
    assert_eq!((none.gateway, none.spec), (mesh.gateway, mesh.spec));
}
