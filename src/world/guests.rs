//! The keys of guests on every cluster. I/O: network; changes nothing.

use futures::future::join_all;
use time::OffsetDateTime;

use super::World;
use crate::{
    facts::{guests::GuestKeys, observed::Observed},
    mesh::Mesh,
};

impl World {
    /// The keys of guests on every cluster of the mesh, or why one cannot be asked.
    pub async fn guest_keys(&self, mesh: &Mesh, there: &Observed, now: OffsetDateTime) -> GuestKeys {
        let asked = mesh.clusters().map(async |cluster| {
            let silent = || {
                let reason = there.servers.get(&cluster).and_then(|answer| answer.reason(now));
                reason.unwrap_or_else(|| "does not run".to_owned())
            };
            let found = match self.server(mesh, there, cluster).filter(|_| there.server(cluster).is_some()) {
                Some(server) => server.guest_keys().await.map_err(|error| error.to_string()),
                None => Err(silent()),
            };
            (cluster, found)
        });
        join_all(asked).await.into_iter().collect()
    }
}
