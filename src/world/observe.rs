//! Asks everything at once and fills in [`Observed`]. I/O: Docker, disk, network; changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

use futures::future::try_join_all;
use time::OffsetDateTime;

use super::{
    Survey, World,
    depth::Depth,
    disk::{self, Tree},
    docker::{DockerError, Made},
    files::{self, FilesError},
    gateway, mounts,
    on_engine::on_engine,
    peers, permissions, routes, secure_settings,
    survey::WorldError,
};
use crate::{
    facts::observed::{ClusterFiles, LinkFacts, Lost, Observed, PermissionFacts, Way},
    mesh::{
        Mesh,
        id::{ClusterId, ServiceId},
        keystore::Keyring,
        layout,
        peers::Alias,
    },
};

impl World {
    /// Looks at what there is to remove of `mesh`: nothing that a damaged file or a hung server could hide.
    pub fn remains(&self, mesh: &Mesh, survey: &Survey) -> Result<Observed, WorldError> {
        let mut there = Observed {
            record: survey.record.clone(),
            engine: Some(survey.engine.clone()),
            lost: Lost { record: survey.record.is_none() && survey.rebuilt.is_some(), ..Lost::default() },
            mounts: mounts::below(&self.dir)?,
            way: way(mesh),
            before_main: before_main(mesh),
            account: !survey.host.is_root || survey.elastic.is_some() || survey.owner_exists,
            ..on_engine(mesh, &survey.containers, &survey.networks)
        };
        if let Some(tree) = self.tree()? {
            there.snapshots_inside = files::snapshots_inside(&tree)?;
        }
        if survey.host.is_root {
            match disk::read_outside(&self.hosts_file) {
                Ok(text) => there.hosts_file = text,
                Err(error) => there.hosts_fault = Some(error.to_string()),
            }
        }
        Ok(there)
    }

    /// Looks at everything that a plan for `mesh` depends on.
    pub async fn observe(&self, mesh: &Mesh, survey: &Survey) -> Result<Observed, WorldError> {
        self.look(mesh, survey, Depth::Plans).await
    }

    /// Looks at everything that a plan depends on, and at the servers' health, which no plan depends on.
    pub async fn observe_closely(&self, mesh: &Mesh, survey: &Survey) -> Result<Observed, WorldError> {
        self.look(mesh, survey, Depth::Health).await
    }

    /// Looks as closely, also at what was saved of clusters whose snapshots are off by now.
    pub async fn observe_saved(&self, mesh: &Mesh, survey: &Survey) -> Result<Observed, WorldError> {
        self.look(mesh, survey, Depth::Saved).await
    }

    async fn look(&self, mesh: &Mesh, survey: &Survey, depth: Depth) -> Result<Observed, WorldError> {
        let mut there = self.remains(mesh, survey)?;
        if let Some(tree) = self.tree()?
            && survey.known().is_some_and(|known| known.id == mesh.id)
        {
            there.credentials = files::credentials(&tree)?;
            if let Some(recovered) = survey.recovered.as_ref().filter(|_| there.credentials.is_none()) {
                there.credentials = Some(recovered.clone());
                there.lost.credentials = true;
            }
            there.browser_bundle = files::text(&tree, layout::BUNDLE)?;
            there.files = cluster_files(&tree)?;
            there.peers = if self.only_looks {
                files::readable_peers(&tree, &mut there.damaged_peers)?
            } else {
                files::peers(&tree)?
            };
            there.joined = files::joined(&tree);
            there.gateway.files = files::gateway(&tree)?;
            there.repository_owners = files::repository_owners(mesh);
            let found = permissions::found(&tree, there.files.keys().copied())?;
            let (user, account) = (survey.host.uid, survey.elastic);
            there.permissions = Some(PermissionFacts { user, account, found });
        }
        there.secure_settings = mesh
            .clusters()
            .map(|cluster| {
                let settings = mesh.settings(cluster);
                (cluster, secure_settings::facts(settings.secure_settings.path(), survey.host.uid))
            })
            .collect();
        there.gateway.given = gateway::given(mesh, OffsetDateTime::now_utc());
        let (images, mut made) = futures::try_join!(self.docker.images(mesh), self.made(&there))?;
        there.built_here =
            images.iter().filter(|(_, image)| image.is_built_here).map(|(name, _)| name.clone()).collect();
        there.images = images.into_keys().collect();
        there.containers.retain(|service, facts| {
            let Some(made) = made.remove(service) else { return false };
            (facts.made, facts.started, facts.refused) = (Some(made.container), made.started, made.refused);
            true
        });
        // what runs was made from what is recorded
        self.ask_services(survey.known().unwrap_or(mesh), &mut there, depth).await?;
        if let Some(container) = &mut there.gateway.container
            && let Some(made) = Box::pin(self.docker.made_of(&container.id)).await?
        {
            (container.made, container.started, container.refused) = (Some(made.container), made.started, made.refused);
        }
        there.gateway.answer = Box::pin(self.gateway_answer(survey.known().unwrap_or(mesh), &there)).await;
        let reached = |alias: &Alias| {
            there
                .answering()
                .all(|(_, server)| server.links.get(alias).is_none_or(|link| *link == LinkFacts::Connected))
        };
        let to_try = mesh.addresses_to_try(|alias| !reached(alias));
        there.answering_addresses = peers::answering(to_try).await;
        Ok(there)
    }

    /// What each of the mesh's containers was made from and is limited to, but for those that are gone meanwhile.
    async fn made(&self, there: &Observed) -> Result<BTreeMap<ServiceId, Made>, DockerError> {
        let found = there.containers.iter().map(async |(service, facts)| {
            let made = self.docker.made_of(&facts.id).await?;
            Ok::<_, DockerError>(made.map(|made| (*service, made)))
        });
        Ok(try_join_all(found).await?.into_iter().flatten().collect())
    }
}

/// Where packets for the mesh's first server go.
pub fn way(mesh: &Mesh) -> Option<Way> {
    routes::way(first_address(mesh))
}

/// The tables that are looked into before the main one for it.
pub fn before_main(mesh: &Mesh) -> BTreeSet<u32> {
    routes::before_main(first_address(mesh))
}

fn first_address(mesh: &Mesh) -> Ipv4Addr {
    let first = mesh.services().next().and_then(|service| mesh.place(service));
    first.map_or(mesh.subnet.gateway(), |place| place.address)
}

pub fn cluster_files(tree: &Tree) -> Result<BTreeMap<ClusterId, ClusterFiles>, FilesError> {
    let mut keys = Keyring::default();
    let all = files::clusters(tree)?.into_iter();
    all.map(|cluster| Ok((cluster, files::cluster(tree, cluster, &mut keys)?))).collect()
}
