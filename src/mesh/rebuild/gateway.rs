//! The mesh's own gateway, from what is left of it. Pure: no I/O.

use std::{net::SocketAddr, path::Path};

use super::{RebuildError, Traces};
use crate::mesh::{
    gateway::{
        OwnGateway,
        own_files::{CERTIFICATE, KEY},
    },
    layout,
    settings::{GatewayAddress, Overrides, UserFile},
};

/// What tells of the mesh's own gateway.
#[derive(Debug, Clone)]
pub struct GatewayTrace {
    /// `None` where its files alone are left.
    pub container: Option<GatewayContainer>,
    /// Whether it has a certificate that no authority of its own signed: the user gave it.
    pub given: bool,
}

/// What the container of a gateway was made from.
#[derive(Debug, Clone)]
pub struct GatewayContainer {
    /// Where it is published.
    pub at: SocketAddr,
    pub image: String,
}

impl Traces {
    /// What is set of the gateway. Its address is as `asked` where its files alone are left, and never a guess: without
    /// a gateway in the record, they would be deleted.
    pub(super) fn of_gateway(&self, dir: &Path, asked: &Overrides) -> Result<Overrides, RebuildError> {
        let Some(GatewayTrace { container, given }) = &self.gateway else { return Ok(Overrides::default()) };
        let at = match container {
            Some(made) => GatewayAddress(Some(made.at)),
            None => asked.gateway.ok_or(RebuildError::NoGatewayAddress)?,
        };
        // where a given certificate came from is lost: the copy is what is known of it
        let copy = |name: &str| UserFile(Some(dir.join(layout::gateway_file(name))));
        let given = *given && at.0.is_some();
        Ok(Overrides {
            gateway: Some(at),
            gateway_image: container.as_ref().and_then(|made| OwnGateway::asked_for(&made.image)),
            gateway_cert: given.then(|| copy(CERTIFICATE)),
            gateway_key: given.then(|| copy(KEY)),
            ..Overrides::default()
        })
    }
}
