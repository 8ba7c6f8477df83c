//! Which of several sources wins, setting by setting. Pure: no I/O.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    ClusterSettings, DEFAULT_VERSION, Overrides, PerCluster, SETTINGS, Setting, Shape,
    file::{Lines, at},
    per_cluster::all_of_clusters,
};
use crate::mesh::{Mesh, id::ClusterId};

/// Where settings of a mesh come from.
#[derive(Debug, Clone)]
pub enum Source {
    Flag,
    Environment,
    File { name: String, lines: Lines },
    Record,
    Default,
}

impl Source {
    /// The source as a whole, for people.
    fn name(&self) -> &str {
        match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::File { name, .. } => name,
            Self::Record => "mesh.json",
            Self::Default => "default",
        }
    }

    /// Where it has a setting, for people.
    fn place(&self, setting: &Setting) -> String {
        match self {
            Self::Flag => "flag".to_owned(),
            Self::Environment => format!("environment {}", setting.variable()),
            Self::File { name, lines } => {
                lines.mesh.get(setting.name).map_or_else(|| name.clone(), |line| at(name, *line))
            }
            Self::Record => "mesh.json".to_owned(),
            Self::Default => "default".to_owned(),
        }
    }

    /// Where it has a setting of single clusters, in an entry of `overrides` that is counted from 0.
    fn place_in_override(&self, entry: usize, setting: &Setting) -> String {
        let line = match self {
            Self::File { name, lines } => {
                lines.overrides.get(entry).and_then(|lines| Some((name, lines.get(setting.name)?)))
            }
            _ => None,
        };
        line.map_or_else(|| format!("{} overrides[{entry}]", self.name()), |(name, line)| at(name, *line))
    }
}

/// Where a setting of a single cluster comes from.
#[derive(Clone, Copy)]
enum Layer<'a> {
    /// An entry of the `overrides` of a source, counted from 0.
    Override(&'a Source, usize),
    /// What `--set` recorded before.
    Recorded,
    Set,
}

impl Layer<'_> {
    fn place(self, setting: &Setting) -> String {
        match self {
            Self::Override(source, entry) => source.place_in_override(entry, setting),
            Self::Recorded => "mesh.json --set".to_owned(),
            Self::Set => "flag --set".to_owned(),
        }
    }
}

/// A setting with the value that is in force.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub setting: &'static Setting,
    /// As in a settings file; `None` where nothing is set and no one value is the default.
    pub value: Option<Value>,
    pub from: String,
}

impl Resolved {
    /// The value for people.
    pub fn words(&self) -> String {
        match &self.value {
            None => self.setting.default.to_owned(),
            Some(Value::String(text)) if text.is_empty() => self.setting.default.to_owned(),
            Some(Value::Array(items)) if items.is_empty() => "none".to_owned(),
            Some(Value::Object(fields)) if fields.is_empty() => "none".to_owned(),
            Some(Value::Object(fields)) => {
                fields.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect::<Vec<_>>().join(", ")
            }
            Some(Value::Array(items)) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
            Some(value) => plain(value),
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The sources of a request, and behind them what the mesh has, if there is one, and the defaults of the profile and
/// the version that are in force.
pub fn with_record_and_defaults(
    requested: Vec<(Source, Overrides)>,
    recorded: Option<&Mesh>,
) -> Vec<(Source, Overrides)> {
    let defaults = |sources: &[(Source, Overrides)], recorded: Option<&Mesh>| {
        let profile = sources.iter().find_map(|(_, overrides)| overrides.profile);
        let version = sources.iter().find_map(|(_, overrides)| overrides.stack_version);
        Overrides::defaults(
            profile.or(recorded.map(|mesh| mesh.spec.profile)).unwrap_or_default(),
            version.or(recorded.map(|mesh| mesh.spec.stack_version)).unwrap_or(DEFAULT_VERSION),
        )
    };
    let after = defaults(&requested, recorded);
    let record = recorded.map(|mesh| {
        let before = defaults(&[], recorded);
        (Source::Record, Overrides::of(mesh).without(&before, &after))
    });
    requested.into_iter().chain(record).chain([(Source::Default, after)]).collect()
}

/// Every setting, with the value of the first of `sources` that sets it.
pub fn resolve(sources: &[(Source, Overrides)]) -> Vec<Resolved> {
    let mut values: Vec<(&Source, BTreeMap<&str, Value>)> = Vec::new();
    let mut stronger = Overrides::default();
    for (source, overrides) in sources {
        let overrides = overrides.clone().giving_way_to(&stronger);
        values.push((source, overrides.values()));
        stronger = stronger.or(overrides);
    }
    let resolved = |setting: &'static Setting| {
        let first = values.iter().find_map(|(source, values)| Some((*source, values.get(setting.name)?)));
        Resolved {
            setting,
            value: first.map(|(_, value)| value.clone()),
            from: first.map_or(&Source::Default, |(source, _)| source).place(setting),
        }
    };
    let mut all: Vec<Resolved> = SETTINGS.iter().map(resolved).collect();
    if stronger.links.is_some()
        && let Some(topology) = all.iter_mut().find(|resolved| resolved.setting.name == "topology")
    {
        "not used: `links` is set".clone_into(&mut topology.from);
    }
    all
}

/// The settings of each cluster that are set for it alone, with their values in it.
///
/// Those of clusters that the mesh is not to have are left out.
pub fn resolve_clusters(
    sources: &[(Source, Overrides)],
    recorded: Option<&Mesh>,
) -> BTreeMap<ClusterId, Vec<Resolved>> {
    let merged = sources.iter().map(|(_, overrides)| overrides.clone()).reduce(Overrides::or).unwrap_or_default();
    let clusters = merged.clusters.clone();
    let listed =
        sources.iter().find_map(|(source, overrides)| Some((source, overrides.per_cluster.overrides.as_ref()?)));
    let PerCluster { set, unset, .. } = &merged.per_cluster;
    let before = recorded.map(|mesh| mesh.set.clone()).unwrap_or_default();
    let kept = PerCluster { unset: unset.clone(), ..PerCluster::default() }.recorded_with(before);
    let layers = |cluster: ClusterId| {
        let listed = listed.iter().flat_map(|(source, overrides)| {
            let own = overrides.iter().enumerate().filter(move |(_, one)| one.clusters.contains(cluster));
            own.map(move |(entry, one)| (Layer::Override(source, entry), one.settings.clone()))
        });
        let set = set.iter().filter(|one| one.clusters.contains(cluster));
        let set = set.map(|one| (Layer::Set, one.settings.clone()));
        let kept = kept.get(&cluster).map(|settings| (Layer::Recorded, settings.clone()));
        listed.chain(kept).chain(set).collect::<Vec<_>>()
    };
    let resolved = |cluster: ClusterId| {
        let layers = layers(cluster);
        let mut effective = ClusterSettings::of(&merged);
        for (_, settings) in &layers {
            effective.overlay(settings);
        }
        let values = effective.as_overrides().values();
        let one = |setting: &'static Setting| {
            let sets = |(from, settings): &(Layer, ClusterSettings)| {
                settings.as_overrides().values().contains_key(setting.name).then(|| from.place(setting))
            };
            let mut origins: Vec<String> = layers.iter().filter_map(sets).collect();
            // of a mapping each gives some names, of anything else the last all of it
            if setting.shape != Shape::Map {
                origins = origins.pop().into_iter().collect();
            }
            origins.dedup();
            let value = values.get(setting.name).cloned();
            (!origins.is_empty()).then(|| Resolved { setting, value, from: origins.join(", ") })
        };
        (cluster, all_of_clusters().filter_map(one).collect::<Vec<_>>())
    };
    let named = listed.iter().flat_map(|(_, overrides)| overrides.iter()).chain(set);
    let named: BTreeSet<ClusterId> = named.flat_map(|one| one.clusters.iter()).chain(kept.keys().copied()).collect();
    let exists = |cluster: &ClusterId| clusters.as_ref().is_none_or(|clusters| clusters.contains(*cluster));
    named.into_iter().filter(exists).map(resolved).filter(|(_, settings)| !settings.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::settings::{
        Profile, Topology,
        per_cluster::{read_set, read_unset},
    };

    #[test]
    fn the_first_source_that_sets_a_setting_wins() {
        let sets = |memory: &str| Overrides { elastic_memory: Some(memory.parse().unwrap()), ..Overrides::default() };
        let file = Source::File {
            name: "mesh.yaml".to_owned(),
            lines: Lines { mesh: [("elastic_memory", 4)].into(), ..Lines::default() },
        };
        let all = [
            (Source::Flag, sets("3g")),
            (Source::Environment, sets("4g")),
            (file, sets("5g")),
            (Source::Record, sets("6g")),
            (Source::Default, Overrides::defaults(Profile::default(), DEFAULT_VERSION)),
        ];
        let origins: Vec<String> = (0..all.len())
            .map(|first| {
                let settings = resolve(&all[first..]);
                let memory = settings.iter().find(|resolved| resolved.setting.name == "elastic_memory").unwrap();
                format!("{}: {}", memory.from, memory.words())
            })
            .collect();
        insta::assert_snapshot!(origins.join("\n"), @r"
        flag: 3g
        environment MESH_ELASTIC_MEMORY: 4g
        mesh.yaml:4: 5g
        mesh.json: 6g
        default: 2g
        ");
        // the merge of the values is the same
        let mesh = all.clone().into_iter().map(|(_, overrides)| overrides).reduce(Overrides::or).unwrap();
        assert_eq!(mesh.elastic_memory, sets("3g").elastic_memory);
        assert_eq!(mesh.kibana, Some(true));
    }

    #[test]
    fn a_topology_and_links_replace_each_other() {
        let topology = Overrides { topology: Some(Topology::None), ..Overrides::default() };
        let links = Overrides { links: Some(Vec::new()), ..Overrides::default() };
        let resolved = |sources: [(Source, &Overrides); 2]| {
            let sources = sources.map(|(source, overrides)| (source, overrides.clone()));
            let settings = resolve(&sources);
            let of = |name| settings.iter().find(|resolved| resolved.setting.name == name).unwrap();
            let shown = |one: &Resolved| format!("{} ({})", one.words(), one.from);
            format!("{}, links {}", shown(of("topology")), shown(of("links")))
        };
        insta::assert_snapshot!(resolved([(Source::Flag, &topology), (Source::Record, &links)]), @"none (flag), links as the topology says (default)");
        insta::assert_snapshot!(resolved([(Source::Flag, &links), (Source::Record, &topology)]), @"all (not used: `links` is set), links none (flag)");
        assert_eq!(links.clone().or(topology.clone()).topology, None);
        assert_eq!(topology.or(links).links, None);
    }

    #[test]
    fn an_empty_list_replaces_another() {
        let none = Overrides { share: Some(Vec::new()), ..Overrides::default() };
        let some = Overrides { share: Some(vec!["logs-*".parse().unwrap()]), ..Overrides::default() };
        let settings = resolve(&[(Source::Flag, none), (Source::Record, some)]);
        let share = settings.iter().find(|resolved| resolved.setting.name == "share").unwrap();
        assert_eq!((share.words().as_str(), share.from.as_str()), ("none", "flag"));
    }

    /// The lines of `mesh config` for single clusters.
    fn shown(sources: &[(Source, Overrides)], recorded: Option<&Mesh>) -> String {
        let line = |cluster: &ClusterId, one: &Resolved| {
            format!("{cluster}.{}: {} ({})\n", one.setting.name, one.words(), one.from)
        };
        let clusters = resolve_clusters(sources, recorded);
        clusters.iter().flat_map(|(cluster, settings)| settings.iter().map(|one| line(cluster, one))).collect()
    }

    #[test]
    fn a_setting_of_a_cluster_names_its_origin() {
        let mut mesh = Mesh::example(3);
        let set = |texts: &[&str]| texts.iter().map(|text| read_set(text).unwrap()).collect::<Vec<_>>();
        mesh.set = PerCluster {
            set: set(&["cluster03.elastic_memory=5g", "cluster03.kibana=false"]),
            ..PerCluster::default()
        }
        .recorded_with(BTreeMap::new());
        mesh.overrides = set(&["1-9.elastic_memory=4g"]);
        let recorded = || with_record_and_defaults(Vec::new(), Some(&mesh));
        insta::assert_snapshot!(shown(&recorded(), Some(&mesh)), @r"
        cluster01.elastic_memory: 4g (mesh.json overrides[0])
        cluster02.elastic_memory: 4g (mesh.json overrides[0])
        cluster03.kibana: false (mesh.json --set)
        cluster03.elastic_memory: 5g (mesh.json --set)
        ");
        let text = "settings: {a.b: 1, a.c: 1}\noverrides:\n- {clusters: 1-2, elastic_memory: 3g, settings: {a.b: 2}}\n- {clusters: 2, elastic_memory: 6g, settings: {a.d: '2'}}\n";
        let (overrides, lines) =
            crate::mesh::settings::file::read("mesh.yaml", std::path::Path::new(""), text).unwrap();
        let flags = PerCluster {
            set: set(&["cluster01.share=hr-*"]),
            unset: vec![read_unset("cluster03.elastic_memory").unwrap()],
            ..PerCluster::default()
        };
        let sources = vec![
            (Source::Flag, Overrides { per_cluster: flags, ..Overrides::default() }),
            (Source::File { name: "mesh.yaml".to_owned(), lines }, overrides),
        ];
        insta::assert_snapshot!(shown(&with_record_and_defaults(sources, Some(&mesh)), Some(&mesh)), @r"
        cluster01.elastic_memory: 3g (mesh.yaml:3)
        cluster01.share: hr-* (flag --set)
        cluster01.settings: a.b=2, a.c=1 (mesh.yaml:3)
        cluster02.elastic_memory: 6g (mesh.yaml:4)
        cluster02.settings: a.b=2, a.c=1, a.d=2 (mesh.yaml:3, mesh.yaml:4)
        cluster03.kibana: false (mesh.json --set)
        ");
    }
}
