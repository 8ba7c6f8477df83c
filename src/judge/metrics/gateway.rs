//! The metrics of the mesh's own gateway. Pure.

use super::{
    text::{Family, Text},
    unix,
};
use crate::judge::status::Status;

const UP: Family = Family::new("mesh_gateway_up", "Whether the mesh's own gateway serves.");
const CERTIFICATE: Family = Family::new(
    "mesh_gateway_certificate_expiry_timestamp_seconds",
    "When the certificate of the mesh's own gateway expires, in Unix seconds.",
);

/// None for a mesh without one.
pub(super) fn metrics(text: &mut Text, status: &Status) {
    let Some(gateway) = &status.gateway else { return };
    text.one(&UP, f64::from(gateway.state.serves()));
    if let Some(certificate) = &gateway.certificate {
        text.one(&CERTIFICATE, unix(certificate.expires));
    }
}
