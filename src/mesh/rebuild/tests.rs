//! A mesh that is rebuilt from what it left is the mesh that left it.

use super::*;
use crate::mesh::{
    Owner,
    cluster::Discovery,
    defaults::Revision,
    example::cluster,
    fingerprint::placeholders,
    id::{NodeId, NodeNumber},
    render::Formation,
    secret::Secret,
    settings::{Profile, per_cluster::read_set},
    snapshots::location,
    taken::Taken,
    templates::Templates,
};

pub(super) fn now() -> Circumstances {
    Circumstances {
        dir: "/mnt/data/mesh".into(),
        new_id: "f".repeat(16),
        name: None,
        owner: Owner { uid: 5, gid: 5 },
        engine: None,
        host_name: "vm".to_owned(),
        taken: Taken { networks: vec!["10.213.0.0/24".parse().unwrap()], ..Taken::default() },
        unmade: false,
    }
}

fn node_trace(mesh: &Mesh, node: NodeId) -> NodeTrace {
    let settings = mesh.render_settings(node.into(), &placeholders(node.cluster), Formation::Founded).unwrap();
    let addresses = mesh.certificate_names(node.into()).unwrap().ip.into_iter().collect();
    NodeTrace { settings: Some(settings), addresses }
}

/// What a whole mesh leaves.
pub(super) fn traces(mesh: &Mesh) -> Traces {
    let containers = mesh.services().map(|service| {
        let made = mesh.service(service).unwrap();
        ContainerTrace {
            service,
            image: made.image,
            memory: made.memory.bytes(),
            user: made.user,
            bind: Some(mesh.spec.bind),
            ports: mesh.container(service).unwrap().fixed.ports,
            defaults: mesh.revision(service.cluster()),
            backup: mesh.container(service).unwrap().fixed.mounts.get(location()).cloned(),
        }
    });
    let directory = |cluster: ClusterId| DirectoryTrace {
        ours: true,
        spans_machines: mesh.clusters[&cluster].spans_machines,
        names: mesh
            .services()
            .filter(|service| service.cluster() == cluster)
            .map(|service| (service.kind(), mesh.certificate_names(service).unwrap()))
            .collect(),
        heap: Some(mesh.settings(cluster).elastic_memory.heap_mebibytes()),
        profile: Some(mesh.spec.profile),
        kibana: mesh.has(cluster.kibana()),
        owner: Some(mesh.owner),
        key_days: Some(mesh.spec.key_days),
        version: Some(mesh.version(cluster)),
        settings: mesh
            .services()
            .filter(|service| service.cluster() == cluster)
            .map(|service| {
                (service.kind(), mesh.render_settings(service, &placeholders(cluster), Formation::Founded).unwrap())
            })
            .collect(),
        options: mesh.render_jvm_options(cluster.node(NodeNumber::FIRST)).ok(),
        nodes: mesh.nodes(cluster).map(|node| (node.number, node_trace(mesh, node))).collect(),
    };
    Traces {
        id: Some(mesh.id.clone()),
        containers: containers.collect(),
        gateway: super::tests_of_gateway::trace(mesh),
        subnet: Some(mesh.subnet),
        ports: mesh.ports.map(|_| mesh.published()),
        directories: mesh.clusters().map(|cluster| (cluster, directory(cluster))).collect(),
        peers: mesh.peers.clone(),
        hosts: Some(mesh.spec.hosts),
        passphrase_words: Some(mesh.spec.passphrase_words),
    }
}

fn unusual() -> Mesh {
    let mut mesh = Mesh::example(3).of_version("8.19.21".parse().unwrap());
    mesh.spec.registry = "registry.local:5000/elastic".parse().unwrap();
    mesh.spec.profile = Profile::Smoke;
    mesh.spec.elastic_memory = "1536m".parse().unwrap();
    mesh.spec.kibana_memory = "3g".parse().unwrap();
    mesh.spec.bind = [0, 0, 0, 0].into();
    mesh.spec.key_days = "40".parse().unwrap();
    mesh.spec.passphrase_words = "9".parse().unwrap();
    mesh.spec.san = vec!["vm.example".parse().unwrap(), "192.0.2.7".parse().unwrap()];
    (mesh.spec.hosts, mesh.spec.advertise.0) = (false, Some([192, 0, 2, 11].into()));
    mesh
}

#[test]
fn a_mesh_is_rebuilt_from_what_it_left() {
    for mesh in [Mesh::example(1), Mesh::example(3), Mesh::example(1).with_clusters("2,5-6"), unusual()] {
        assert_eq!(Mesh::rebuild(&traces(&mesh), &Overrides::default(), now()), Ok(mesh));
    }
    let without_kibana = Mesh::example(2).without_kibana();
    assert_eq!(Mesh::rebuild(&traces(&without_kibana), &Overrides::default(), now()), Ok(without_kibana));
}

#[test]
fn settings_of_single_clusters_are_rebuilt() {
    let mut mesh = Mesh::example(4);
    mesh.overrides =
        ["2.elastic_memory=3g", "3.kibana=false", "4.kibana_memory=3g"].map(|text| read_set(text).unwrap()).into();
    let mesh = mesh.moved_to("10.213.0.0/24".parse().unwrap());
    assert!(!mesh.has(ClusterId::new(3).unwrap().kibana()));
    assert_eq!(Mesh::rebuild(&traces(&mesh), &Overrides::default(), now()).unwrap(), mesh);
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let known = [(1, names(&[LOCAL, "mesh*"])), (2, names(&["hr-*", LOCAL, "mesh*"])), (3, names(&[LOCAL, "mesh*"]))];
    let mut shared = mesh.clone();
    shared.share(&known.map(|(cluster, names)| (ClusterId::new(cluster).unwrap(), names)).into());
    assert_eq!(shared.spec, mesh.spec);
    assert_eq!(shared.shared(ClusterId::new(2).unwrap()), ["hr-*", LOCAL, "mesh*"]);
    assert_eq!(shared.shared(ClusterId::FIRST), [LOCAL, "mesh*"]);
}

#[test]
fn the_place_of_snapshots_is_what_containers_mount() {
    let mut mesh = Mesh::example(3);
    mesh.spec.snapshots = serde_json::from_value("/mnt/nfs".into()).unwrap();
    let inside = read_set("2.snapshots=fs").unwrap();
    mesh.overrides = vec![inside];
    let mesh = mesh.moved_to("10.213.0.0/24".parse().unwrap());
    let rebuilt = Mesh::rebuild(&traces(&mesh), &Overrides::default(), now()).unwrap();
    let place = |mesh: &Mesh| mesh.clusters().map(|cluster| mesh.repository_dir(cluster)).collect::<Vec<_>>();
    assert_eq!(place(&rebuilt), place(&mesh));
}

#[test]
fn without_docker_its_files_tell_all_but_the_version() {
    let mesh = unusual();
    let mut left = Traces { id: None, containers: Vec::new(), subnet: None, ..traces(&mesh) };
    let rebuilt = Mesh::rebuild(&left, &Overrides::default(), now()).unwrap();
    assert_eq!(rebuilt.spec.stack_version, mesh.spec.stack_version, "the files of its image tell");
    left.directories.values_mut().for_each(|kept| kept.version = None);
    assert!(left.are_of_a_mesh());
    assert_eq!(Mesh::rebuild(&left, &Overrides::default(), now()), Err(RebuildError::NoVersion));
    let asked = Overrides { stack_version: Some(mesh.spec.stack_version), ..Overrides::default() };
    let rebuilt = Mesh::rebuild(&left, &asked, now()).unwrap();
    assert_eq!((rebuilt.id.as_str(), rebuilt.subnet), ("ffffffffffffffff", mesh.subnet));
    assert_eq!(rebuilt.owner, mesh.owner);
    assert_eq!(rebuilt.spec.elastic_memory, mesh.spec.elastic_memory);
    assert_eq!(rebuilt.count(), mesh.count());
}

#[test]
fn an_upgrade_in_progress_is_rebuilt() {
    let mut mesh = Mesh::example(3);
    for cluster in [2, 3] {
        mesh.clusters.get_mut(&ClusterId::new(cluster).unwrap()).unwrap().version = "8.19.21".parse().unwrap();
    }
    assert_eq!(Mesh::rebuild(&traces(&mesh), &Overrides::default(), now()).unwrap(), mesh);
    // the second's files have come from the new image already, and its container has not
    let mut turned = traces(&mesh);
    turned.directories.get_mut(&ClusterId::new(2).unwrap()).unwrap().version = Some(mesh.spec.stack_version);
    let rebuilt = Mesh::rebuild(&turned, &Overrides::default(), now()).unwrap();
    assert_eq!(rebuilt.pending_upgrade().count(), 1);
}

#[test]
fn each_cluster_keeps_the_defaults_that_its_containers_were_made_with() {
    let mesh = Mesh::example(3);
    let half = mesh.clone().with_defaults(Revision::NEXT, Some(&mesh)).with_defaults_on(ClusterId::FIRST);
    let mut left = traces(&half);
    assert_eq!(Mesh::rebuild(&left, &Overrides::default(), now()).unwrap(), half);
    // a Kibana that is the same in both revisions was not made anew
    let kibana = left.containers.iter_mut().find(|container| container.service == ClusterId::FIRST.kibana());
    kibana.unwrap().defaults = Revision::FIRST;
    assert_eq!(Mesh::rebuild(&left, &Overrides::default(), now()).unwrap(), half);
}

#[test]
fn directories_beyond_the_last_container_are_of_the_mesh() {
    let mut left = traces(&Mesh::example(3));
    left.containers.retain(|container| container.service.cluster() == ClusterId::FIRST);
    assert_eq!(Mesh::rebuild(&left, &Overrides::default(), now()).unwrap().count().get(), 3);
}

#[test]
fn what_no_label_and_no_certificate_calls_ours_is_not_a_mesh() {
    let mut left = traces(&Mesh::example(1));
    left.directories.values_mut().for_each(|kept| kept.ours = false);
    assert!(left.are_of_a_mesh(), "labels tell");
    left.id = None;
    assert!(!left.are_of_a_mesh());
    let labels_alone = Traces { directories: BTreeMap::new(), ..traces(&Mesh::example(1)) };
    assert!(!labels_alone.are_of_a_mesh(), "a mesh without data is made, not rebuilt");
}

/// A mesh with a name, as it was decided where others had these ports.
fn named(clusters: u8, taken: &[u16]) -> Mesh {
    let asked = Overrides { clusters: ClusterSet::first(clusters), ..Overrides::default() };
    let taken = Taken { ports: taken.iter().copied().collect(), ..Taken::default() };
    Mesh::decide(&asked, None, Circumstances { name: "ci42".parse().ok(), taken, ..now() }).unwrap()
}

fn of_name(taken: &[u16]) -> Circumstances {
    let taken = Taken { ports: taken.iter().copied().collect(), ..now().taken };
    Circumstances { name: "ci42".parse().ok(), taken, ..now() }
}

#[test]
fn a_mesh_with_a_name_keeps_its_ports() {
    let mesh = named(3, &[20_000, 20_001, 20_007]);
    let rebuilt = |left: &Traces, now| Mesh::rebuild(left, &Overrides::default(), now).unwrap();
    assert_eq!(rebuilt(&traces(&mesh), of_name(&[])), mesh);
    // a container is gone, and the network's label still names its ports
    let mut left = traces(&mesh);
    left.containers.retain(|container| container.service.cluster() != cluster(2));
    assert_eq!(rebuilt(&left, of_name(&[])), mesh);
    // no label either: free ones, none of which another service of the mesh has
    left.ports = None;
    let other = rebuilt(&left, of_name(&[20_000]));
    assert_eq!(other.clusters[&cluster(3)], mesh.clusters[&cluster(3)]);
    assert_eq!((other.published().len(), other.published().contains(&20_000)), (12, false));
    // a range of the user's is not known, and the ports are
    let wide = Overrides { ports: "30000-30999".parse().ok(), clusters: ClusterSet::first(1), ..Overrides::default() };
    let plain = Mesh::decide(&wide, None, now()).unwrap();
    let again = rebuilt(&traces(&plain), now());
    assert_eq!((again.published(), again.ports), (plain.published(), "30000-30003".parse().ok()));
}

#[test]
fn raw_settings_are_taken_back_from_the_files_that_hold_them() {
    let mut mesh = Mesh::example(3);
    let read = |value: serde_json::Value| serde_json::from_value::<ClusterOverride>(value).unwrap();
    let lines = serde_json::json!({ "node.attr.zone": "a", "b.c": "9.10", "a.list": ["x", 1], "a.number": 4096 });
    let everywhere = read(serde_json::json!({ "clusters": "1-3", "settings": lines })).settings;
    mesh.spec.settings = everywhere.as_overrides().settings.clone().unwrap();
    mesh.overrides = vec![
        read(serde_json::json!({ "clusters": "2", "settings": { "node.attr.zone": "b", "only.here": true } })),
        read(serde_json::json!({ "clusters": "3", "kibana_settings": { "logging.root.level": "warn" } })),
    ];
    let mesh = mesh.moved_to("10.213.0.0/24".parse().unwrap());
    let left = traces(&mesh);
    let rebuilt = Mesh::rebuild(&left, &Overrides::default(), now()).unwrap();
    for cluster in mesh.clusters() {
        assert_eq!(rebuilt.settings(cluster), mesh.settings(cluster), "{cluster}");
    }
    assert_eq!(rebuilt.spec.settings, mesh.spec.settings, "for clusters to come");
    assert_eq!(rebuilt.unexplained(&left), Vec::<String>::new());
}

#[test]
fn what_only_a_lost_template_or_a_hand_explains_is_named() {
    let mut mesh = unusual();
    assert_eq!(mesh.unexplained(&traces(&mesh)), Vec::<String>::new());
    mesh.templates = Templates::around_the_built_in(
        [""; 3],
        ["\nnode.attr.zone: a\n", "\nlogging.root.level: warn\nmy.password: hunter2\n", "\n-Dx=1\n"],
    );
    let mut left = traces(&mesh);
    let odd = left.directories.get_mut(&cluster(3)).unwrap().settings.get_mut(&ServiceKind::Elastic).unwrap();
    *odd = Secret::new(format!("{}http.max_content_length: 1b\n", odd.expose()));
    let rebuilt = Mesh::rebuild(&left, &Overrides::default(), now()).unwrap();
    insta::assert_snapshot!(rebuilt.unexplained(&left).join("\n"), @r#"
    elasticsearch.yml of cluster03: setting http.max_content_length "1b" → none
    elasticsearch.yml of clusters 1-3: setting node.attr.zone "a" → none
    jvm.options of clusters 1-3: JVM options -Dx=1 → none
    kibana.yml of clusters 1-3: setting logging.root.level "warn" → none
    kibana.yml of clusters 1-3: setting my.password is removed
    "#);
    let named = Mesh { templates: mesh.templates.clone(), ..rebuilt };
    insta::assert_snapshot!(named.unexplained(&left).join("\n"), @r#"elasticsearch.yml of cluster03: setting http.max_content_length "1b" → none"#);
}

/// A cluster that grew in several steps has addresses that no single step would give it, and one that shrank keeps its
/// settings.
#[test]
fn nodes_come_back_with_their_addresses_roles_and_memory() {
    let mut mesh = Mesh::example(2).with_nodes(1, 3).with_nodes(2, 4);
    let tie_breaker = r#"[{}, {"elastic_memory": "4g"}, {"roles": ["master", "voting_only"]}]"#;
    mesh.overrides = vec![read_set("2.nodes=4").unwrap(), read_set(&format!("1.nodes={tie_breaker}")).unwrap()];
    let third = mesh.clusters.get_mut(&cluster(2)).unwrap().nodes.get_mut(&NodeNumber::new(3).unwrap()).unwrap();
    third.address = "10.213.0.222".parse().unwrap();
    let found = Mesh::rebuild(&traces(&mesh), &Overrides::default(), now()).unwrap();
    assert_eq!(found.clusters, mesh.clusters);
    assert_eq!(found.settings(cluster(1)).nodes, mesh.settings(cluster(1)).nodes);
    assert_eq!(found.settings(cluster(2)).nodes.count(), 4);
    let mut shrunk = Mesh::example(1).with_nodes(1, 3);
    shrunk.overrides.clear();
    let shrunk = shrunk.with_nodes(1, 1);
    assert_eq!(
        Mesh::rebuild(&traces(&shrunk), &Overrides::default(), now()).unwrap().discovery(cluster(1)),
        Discovery::SeedHosts
    );
}
