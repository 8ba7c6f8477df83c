//! The names by which people find data in a mesh, wherever it lies: one alias that every cluster has of its own data
//! and shares. Pure: no I/O.

use super::{
    Mesh,
    id::ClusterId,
    peers::Alias,
    settings::{IndexPattern, SHARED},
};

/// The alias of a cluster's own data, where [`MeshSpec::data_set`](super::settings::MeshSpec::data_set) is on. A key
/// lets others search by an alias only where it names the alias itself; see
/// <https://www.elastic.co/docs/deploy-manage/users-roles/cluster-or-deployment-auth/granting-privileges-for-data-streams-aliases>.
pub const LOCAL: &str = "local-data-set";

impl Mesh {
    /// What people search by for all data of the mesh: the alias where there is one, else what is always shared.
    pub fn searched(&self) -> &'static str {
        if self.spec.data_set.0 { LOCAL } else { SHARED }
    }

    /// The names of what is always shared, sorted as [`Mesh::shared`] has them.
    pub fn always_shared(&self) -> impl Iterator<Item = &'static str> {
        self.spec.data_set.0.then_some(LOCAL).into_iter().chain([SHARED])
    }

    /// Those of `names` that are shared because a setting says so.
    pub fn asked_to_share<'a>(names: impl IntoIterator<Item = &'a String>) -> Vec<IndexPattern> {
        let asked = names.into_iter().filter(|name| ![LOCAL, SHARED].contains(&name.as_str()));
        asked.filter_map(|name| name.parse().ok()).collect()
    }

    /// The expression that names `pattern` in the cluster that searches and in all of its remotes: `cluster*:` alone
    /// would leave out the searching cluster.
    pub fn everywhere(&self, from: ClusterId, pattern: &str) -> String {
        let local = std::iter::once(pattern.to_owned());
        local.chain(self.remote_prefixes(from).map(|prefix| format!("{prefix}{pattern}"))).collect::<Vec<_>>().join(",")
    }

    /// What stands before a pattern to search the remotes of a cluster: one wildcard for those of this mesh, and each
    /// peer's that is not called after the clusters.
    pub fn remote_prefixes(&self, from: ClusterId) -> impl Iterator<Item = String> {
        let aliases: Vec<String> = self.aliases(from).iter().map(Alias::to_string).collect();
        let (named, others): (Vec<String>, Vec<String>) =
            aliases.into_iter().partition(|alias| alias.starts_with("cluster"));
        let of_mesh = (!named.is_empty()).then(|| "cluster*".to_owned());
        of_mesh.into_iter().chain(others).map(|alias| alias + ":")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::settings::DataSet;

    #[test]
    fn the_cluster_that_searches_is_in_its_own_pattern() {
        let (mut mesh, first) = (Mesh::example(2), ClusterId::FIRST);
        assert_eq!(mesh.everywhere(first, mesh.searched()), "local-data-set,cluster*:local-data-set");
        assert_eq!(Mesh::example(1).everywhere(first, LOCAL), "local-data-set");
        assert_eq!(mesh.shared(first), ["local-data-set", "mesh*"]);
        mesh.spec.data_set = DataSet(false);
        assert_eq!(mesh.everywhere(first, mesh.searched()), "mesh*,cluster*:mesh*");
        assert_eq!(mesh.shared(first), ["mesh*"]);
    }
}
