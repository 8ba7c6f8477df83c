//! The mesh's own gateway comes back with a rebuilt record.

use super::{
    tests::{now, traces},
    *,
};
use crate::mesh::settings::GatewayImage;

#[test]
fn a_gateway_comes_back_with_its_image() {
    for image in ["", "registry.local/nginx:1.26.3"] {
        let mut mesh = Mesh::example(2).with_gateway("127.0.0.1:8443");
        mesh.spec.gateway_image = GatewayImage(Some(image.to_owned()).filter(|image| !image.is_empty()));
        let rebuilt = Mesh::rebuild(&traces(&mesh), &Overrides::default(), now()).unwrap();
        assert_eq!((&rebuilt.gateway, &rebuilt.spec), (&mesh.gateway, &mesh.spec));
    }
}
