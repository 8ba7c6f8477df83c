//! Which settings hold for a cluster: those of the whole mesh, with what is set for it alone. Pure: no I/O.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    Mesh,
    cluster::Discovery,
    cluster_set::ClusterSet,
    id::ClusterId,
    settings::{AdvertiseBind, Advertised, ClusterOverride, ClusterSettings, MeshSpec, Overrides, Snapshots},
    shell_word::shell_word,
};

/// The settings of a cluster: of the mesh, then the overrides in their order, then what `--set` recorded.
pub(super) fn settings_of<'a>(
    spec: &'a MeshSpec,
    overrides: &[ClusterOverride],
    set: &BTreeMap<ClusterId, ClusterSettings>,
    cluster: ClusterId,
) -> Cow<'a, MeshSpec> {
    let listed = overrides.iter().filter(|one| one.clusters.contains(cluster)).map(|one| &one.settings);
    listed.chain(set.get(&cluster)).fold(Cow::Borrowed(spec), |spec, settings| {
        let mut spec = spec.into_owned();
        spec.overlay(settings.as_overrides());
        Cow::Owned(spec)
    })
}

impl Mesh {
    /// The settings of a cluster: the one way to read what can differ from cluster to cluster.
    pub fn settings(&self, cluster: ClusterId) -> Cow<'_, MeshSpec> {
        let mut settings = settings_of(&self.spec, &self.overrides, &self.set, cluster);
        if let Some(kept) = self.clusters.get(&cluster).and_then(|cluster| cluster.kept_settings.as_ref()) {
            settings.to_mut().set(kept.as_overrides());
        }
        settings
    }

    /// Whether something is set for a cluster by itself, so that a flag for the whole mesh does not change it there;
    /// `--set` does, since it wins over `overrides`.
    pub fn is_set_alone(&self, cluster: ClusterId, is_set: impl Fn(&Overrides) -> bool) -> bool {
        let listed = self.overrides.iter().filter(|one| one.clusters.contains(cluster)).map(|one| &one.settings);
        listed.chain(self.set.get(&cluster)).any(|settings| is_set(settings.as_overrides()))
    }

    /// The flags of `mesh create` by which clusters share a name besides all that they share now.
    pub fn flags_to_share(&self, clusters: impl IntoIterator<Item = ClusterId>, name: &str) -> String {
        let and_name = |spec: &MeshSpec| -> Vec<String> {
            spec.share.iter().map(ToString::to_string).chain([name.to_owned()]).collect()
        };
        let (alone, together): (Vec<ClusterId>, Vec<ClusterId>) =
            clusters.into_iter().partition(|cluster| self.is_set_alone(*cluster, |of| of.share.is_some()));
        let for_all = if together.is_empty() { Vec::new() } else { and_name(&self.spec) };
        let for_all = for_all.iter().map(|share| format!("--share {}", shell_word(share)));
        let for_one = alone.into_iter().map(|cluster| {
            let share = and_name(&self.settings(cluster)).join(",");
            format!("--set {}", shell_word(format!("{cluster}.share={share}")))
        });
        for_all.chain(for_one).collect::<Vec<_>>().join(" ")
    }

    /// The flags of `mesh create` by which those of these clusters have a Kibana that have none.
    pub fn flags_for_kibana(&self, clusters: impl IntoIterator<Item = ClusterId>) -> String {
        let without = clusters.into_iter().filter(|cluster| !self.has(cluster.kibana()));
        self.flags_for(without, |of| of.kibana.is_some(), ("--kibana", "kibana=true"))
    }

    /// The flags of `mesh create` by which these clusters keep their snapshots at another place.
    pub fn flags_for_snapshots(&self, clusters: impl IntoIterator<Item = ClusterId>, place: &str) -> String {
        let flags = (format!("--snapshots {place}"), format!("snapshots={place}"));
        self.flags_for(clusters, |of| of.snapshots.is_some(), (&flags.0, &flags.1))
    }

    /// The flag for the whole mesh, and what is set for those of the clusters that have the setting by themselves.
    fn flags_for(
        &self,
        clusters: impl IntoIterator<Item = ClusterId>,
        is_set: impl Fn(&Overrides) -> bool,
        (of_mesh, of_cluster): (&str, &str),
    ) -> String {
        let (alone, together): (Vec<ClusterId>, Vec<ClusterId>) =
            clusters.into_iter().partition(|cluster| self.is_set_alone(*cluster, &is_set));
        let for_all = (!together.is_empty()).then(|| of_mesh.to_owned());
        let for_one = ClusterSet::new(alone).map(|alone| format!("--set {}.{of_cluster}", alone.to_target()));
        for_all.into_iter().chain(for_one).collect::<Vec<_>>().join(" ")
    }

    /// The clusters that keep their settings until it is their turn to have others.
    pub fn pending_settings(&self) -> impl Iterator<Item = ClusterId> + use<'_> {
        let pending = self.clusters.iter().filter(|(_, cluster)| cluster.kept_settings.is_some());
        pending.map(|(id, _)| *id)
    }

    /// This mesh on its way from `recorded` where settings of single clusters change: those of `serving` that need
    /// other containers keep their settings until it is their turn. Where such settings of the whole mesh change as
    /// well, all have their turn at once.
    #[must_use]
    pub fn in_turns(mut self, recorded: &Mesh, serving: impl Fn(ClusterId) -> bool) -> Self {
        if !makes_same_containers(&self.spec, &recorded.spec) {
            return self;
        }
        let kept: BTreeMap<ClusterId, ClusterSettings> = self
            .clusters()
            // the nodes of a cluster of several have turns of their own
            .filter(|cluster| self.discovery(*cluster) == Discovery::SingleNode)
            .filter(|cluster| recorded.has_cluster(*cluster) && serving(*cluster))
            .filter_map(|cluster| {
                let before = recorded.settings(cluster);
                let same = makes_same_containers(&before, &self.settings(cluster));
                (!same).then(|| (cluster, of_containers(&before)))
            })
            .collect();
        for (cluster, kept) in kept {
            if let Some(cluster) = self.clusters.get_mut(&cluster) {
                cluster.kept_settings = Some(kept);
            }
        }
        self
    }

    /// The mesh once every cluster has come to its settings.
    #[must_use]
    pub fn settled(&self) -> Self {
        let mut mesh = self.clone();
        mesh.clusters.values_mut().for_each(|cluster| cluster.kept_settings = None);
        mesh
    }

    /// The mesh once one more cluster has come to its settings.
    #[must_use]
    pub fn with_settings_on(&self, cluster: ClusterId) -> Self {
        let mut mesh = self.clone();
        if let Some(cluster) = mesh.clusters.get_mut(&cluster) {
            cluster.kept_settings = None;
        }
        mesh
    }

    /// The lines of configuration files that the whole mesh has here and not in `wanted`, for people: those of a source
    /// take the place of all that were set before.
    pub fn lines_that_go(&self, wanted: &Mesh) -> Vec<String> {
        let (before, after) = (values(&self.spec), values(&wanted.spec));
        let gone = |setting: &'static str| {
            let lines = before.get(setting).and_then(|lines| lines.as_object()).into_iter().flatten();
            let stays = |name: &String| after.get(setting).is_some_and(|lines| lines.get(name).is_some());
            let gone = lines.filter(|(name, _)| !stays(name));
            gone.map(|(name, value)| format!("{setting}: {name} {value} → none")).collect::<Vec<_>>()
        };
        ["settings", "kibana_settings"].into_iter().flat_map(gone).collect()
    }

    /// What differs between the settings of each cluster that both meshes have, for people:
    /// `cluster02: elastic_memory 2g → 8g`. What differs for all of them alike is not among it.
    pub fn changes_of_clusters(&self, wanted: &Mesh) -> Vec<String> {
        let plain = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let changes = |before: &MeshSpec, after: &MeshSpec| -> Vec<String> {
            let differing = values(before).into_iter().zip(values(after)).filter(|(before, after)| before != after);
            differing
                .map(|((name, before), (_, after))| format!("{name} {} → {}", plain(&before), plain(&after)))
                .collect()
        };
        let of_all = changes(&self.spec, &wanted.spec);
        self.clusters()
            .filter(|cluster| wanted.has_cluster(*cluster))
            .filter_map(|cluster| {
                let changes = changes(&self.settings(cluster), &wanted.settings(cluster));
                let own: Vec<String> = changes.into_iter().filter(|change| !of_all.contains(change)).collect();
                (!own.is_empty()).then(|| format!("{cluster}: {}", own.join(", ")))
            })
            .collect()
    }
}

/// The settings that clusters can have by themselves, with their values.
fn values(spec: &MeshSpec) -> BTreeMap<String, serde_json::Value> {
    ClusterSettings::of(&spec.clone().into()).into()
}

/// Whether containers made by these settings are the same.
fn makes_same_containers(one: &MeshSpec, other: &MeshSpec) -> bool {
    // of snapshots, only a path is mounted; of what is advertised, only where it is published counts
    let of = |spec: &MeshSpec| {
        let settings = of_containers(&MeshSpec {
            advertise: Advertised::default(),
            advertise_bind: AdvertiseBind::default(),
            snapshots: Snapshots { repository: spec.snapshots.repository.mounted(), ..Snapshots::off() },
            ..spec.clone()
        });
        (settings, spec.remote_bind())
    };
    of(one) == of(other)
}

/// Those of them that a container is made from. A Kibana and a node come and go without another, keys are changed in
/// place, and a keystore is read by a server that is restarted.
fn of_containers(spec: &MeshSpec) -> ClusterSettings {
    let mut overrides = spec.clone().into();
    let Overrides { kibana, share, secure_settings, nodes, .. } = &mut overrides;
    (*kibana, *share, *secure_settings, *nodes) = (None, None, None, None);
    ClusterSettings::of(&overrides)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::settings::{file, per_cluster::read_set};

    #[test]
    fn another_public_address_replaces_no_container() {
        let of = |advertise: &str, bind: Option<&str>| MeshSpec {
            advertise: Advertised(advertise.parse().ok()),
            advertise_bind: AdvertiseBind(bind.map(|bind| bind.parse().unwrap())),
            ..MeshSpec::default()
        };
        let same = |one: &MeshSpec, other: &MeshSpec| makes_same_containers(one, other);
        assert!(same(&of("198.51.100.7", Some("0.0.0.0")), &of("198.51.100.8", Some("0.0.0.0"))));
        assert!(same(&of("192.0.2.11", None), &of("198.51.100.8", Some("192.0.2.11"))));
        assert!(!same(&of("192.0.2.11", None), &of("192.0.2.11", Some("127.0.0.1"))));
        assert!(!same(&of("192.0.2.11", None), &of("", None)));
    }

    #[test]
    fn a_name_is_shared_where_a_cluster_has_what_it_shares() {
        let mut mesh = Mesh::example(4);
        let flags = |mesh: &Mesh, clusters: &[u8]| {
            mesh.flags_to_share(clusters.iter().filter_map(|number| ClusterId::new(*number)), "logs-x")
        };
        assert_eq!(flags(&mesh, &[2]), "--share logs-x");
        mesh.spec.share = vec!["metrics-*".parse().unwrap()];
        assert_eq!(flags(&mesh, &[1, 2]), "--share 'metrics-*' --share logs-x");
        mesh.overrides = vec![read_set("2-3.share=hr-*").unwrap(), read_set("1.kibana=false").unwrap()];
        let set = read_set("cluster03.share=").unwrap();
        mesh.set.insert(ClusterId::new(3).unwrap(), set.settings);
        insta::assert_snapshot!(flags(&mesh, &[2]), @"--set 'cluster02.share=hr-*,logs-x'");
        insta::assert_snapshot!(flags(&mesh, &[1, 2, 3]), @"--share 'metrics-*' --share logs-x --set 'cluster02.share=hr-*,logs-x' --set 'cluster03.share=logs-x'");
        for (flag, shared) in [("cluster02.share=hr-*,logs-x", "hr-* logs-x"), ("cluster03.share=logs-x", "logs-x")] {
            let set = read_set(flag).unwrap();
            let cluster = set.clusters.iter().next().unwrap();
            mesh.set.entry(cluster).or_default().overlay(&set.settings);
            let now: Vec<String> = mesh.settings(cluster).share.iter().map(ToString::to_string).collect();
            assert_eq!(now.join(" "), shared, "it wins over `overrides`");
        }
    }

    #[test]
    fn a_kibana_is_asked_for_where_it_was_left_out() {
        let mut mesh = Mesh::example(4).without_kibana();
        assert_eq!(mesh.flags_for_kibana(mesh.clusters()), "--kibana");
        mesh.overrides = vec![read_set("2-3.kibana=false").unwrap()];
        assert_eq!(mesh.flags_for_kibana(mesh.clusters()), "--kibana --set 2-3.kibana=true");
        assert_eq!(mesh.flags_for_kibana(ClusterId::new(2)), "--set cluster02.kibana=true");
        assert_eq!(Mesh::example(2).flags_for_kibana(mesh.clusters().take(2)), "");
    }

    #[test]
    fn snapshots_move_by_the_setting_that_says_where_they_are() {
        let mut mesh = Mesh::example(4);
        assert_eq!(mesh.flags_for_snapshots(mesh.clusters(), "PATH"), "--snapshots PATH");
        mesh.overrides = vec![read_set("2-3.snapshots=off").unwrap()];
        assert_eq!(mesh.flags_for_snapshots(mesh.clusters(), "PATH"), "--snapshots PATH --set 2-3.snapshots=PATH");
        assert_eq!(mesh.flags_for_snapshots(ClusterId::new(2), "fs"), "--set cluster02.snapshots=fs");
    }

    #[test]
    fn lines_that_a_source_replaces_are_named() {
        let mesh = |text: &str| {
            let (overrides, _) = file::read("mesh.yaml", std::path::Path::new(""), text).unwrap();
            let mut mesh = Mesh::example(2);
            mesh.spec = mesh.spec.with(&Overrides { clusters: None, ..overrides });
            mesh
        };
        let before = mesh("settings: {a.b: 1, a.c: [x], a.d: 1}\nkibana_settings: {e.f: true}\n");
        let after = mesh("settings: {a.d: 2, a.e: 1}\n");
        insta::assert_snapshot!(before.lines_that_go(&after).join("\n"), @r#"
        settings: a.b 1 → none
        settings: a.c ["x"] → none
        kibana_settings: e.f true → none
        "#);
        assert!(before.lines_that_go(&before).is_empty());
    }
}
