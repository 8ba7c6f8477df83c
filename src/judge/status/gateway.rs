//! The status of the mesh's own gateway, from facts. Pure.

use super::{Expiry, GatewayStatus, State, look::Look};
use crate::mesh::certs;

impl Look<'_> {
    /// `None` for a mesh without one.
    pub(super) fn gateway(&self) -> Option<GatewayStatus> {
        let (url, found) = (self.mesh.gateway_url()?, &self.there.gateway);
        let answer = found.answer.as_ref();
        let ready = answer.is_some_and(|answer| answer.ready().is_some());
        let state = State::of(found.container.as_ref().map(|container| container.state), ready);
        let name = self.mesh.gateway_name();
        let refused = found.container.as_ref().and_then(|container| container.refused.as_deref());
        let reason = match (state, refused) {
            (State::Stopped, Some(words)) => Some(format!("could not be started: {words}")),
            (State::Stopped, None) => Some("is stopped; `mesh manage start gateway` starts it".to_owned()),
            (State::Paused, _) => Some(format!("is paused; `docker unpause {name}` lets it go on")),
            (State::Absent, _) => Some("has no container; `mesh create` makes it".to_owned()),
            (State::Restarting, _) => Some("keeps ending and starting again; `mesh logs gateway` says why".to_owned()),
            (State::Unready, _) => answer.and_then(|answer| answer.reason(self.now)),
            _ => None,
        };
        let certificate = found.files.certificate.as_deref().and_then(|pem| certs::examine(pem).ok());
        let certificate =
            certificate.map(|facts| Expiry { expires: facts.not_after, days_left: self.days_until(facts.not_after) });
        Some(GatewayStatus { name, state, url, reason, certificate })
    }
}
