//! What programs that ship logs need to find the containers of a mesh, by their labels. Pure: no I/O.
//!
//! Filebeat: <https://www.elastic.co/docs/reference/beats/filebeat/configuration-autodiscover>; Vector:
//! <https://vector.dev/docs/reference/configuration/sources/docker_logs/>. Neither is run by a test.

use serde_json::{Value, json};

use super::Exported;
use crate::mesh::{Mesh, id::GATEWAY};

/// A program that ships logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shipper {
    Filebeat,
    Vector,
}

impl Shipper {
    /// An input for the logs of a mesh, which needs an output beside it.
    pub fn file(self, mesh: &Mesh) -> Exported {
        let (name, value) = match self {
            Self::Filebeat => ("filebeat", filebeat(mesh)),
            Self::Vector => ("vector", vector(mesh)),
        };
        let name = format!("{}.{name}.yml", super::prometheus::job(mesh.name.as_ref()));
        let text = serde_yaml::to_string(&value).expect("should be YAML: it is JSON");
        Exported::new(
            name,
            format!("# Written by {self}; a newer export replaces it. It needs an output beside it.\n{text}"),
        )
    }

    /// Whether a file is one that this writes: several meshes may share a directory.
    pub fn is_own(self, name: &str) -> bool {
        let end = match self {
            Self::Filebeat => ".filebeat.yml",
            Self::Vector => ".vector.yml",
        };
        name.starts_with("mesh") && name.ends_with(end)
    }
}

impl std::fmt::Display for Shipper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Filebeat => "`mesh export filebeat`",
            Self::Vector => "`mesh export vector`",
        })
    }
}

/// Docker's directory on nearly all machines, for a record that does not have it.
const USUAL_ROOT: &str = "/var/lib/docker";

/// Elasticsearch and Kibana write a line of JSON each, in the fields that Filebeat has, too. The gateway has a template
/// of its own: Filebeat drops one with a variable that a container has no value for, and the gateway has no cluster.
fn filebeat(mesh: &Mesh) -> Value {
    let of_mesh = json!({ "equals": { "docker.container.labels.mesh_id": mesh.id } });
    let of_cluster = json!({ "has_fields": ["docker.container.labels.mesh_cluster"] });
    let of_gateway = json!({ "equals": { "docker.container.labels.mesh_service": GATEWAY } });
    let root = mesh.engine.as_ref().map(|engine| engine.root.trim_end_matches('/'));
    let root = root.filter(|root| !root.is_empty()).unwrap_or(USUAL_ROOT);
    let paths = json!([format!("{root}/containers/${{data.docker.container.id}}/*-json.log")]);
    let template = |also: Value, fields: Value| {
        let config = json!([{
            "type": "filestream",
            "id": "mesh-${data.docker.container.id}",
            "paths": paths,
            "prospector.scanner.symlinks": true,
            "parsers": [
                { "container": { "stream": "all", "format": "docker" } },
                { "ndjson": { "target": "", "overwrite_keys": true, "add_error_key": false } },
            ],
            "fields_under_root": true,
            "fields": { "mesh": fields },
        }]);
        json!({ "condition": { "and": [of_mesh, also] }, "config": config })
    };
    let service = "${data.docker.container.labels.mesh_service}";
    let cluster = "${data.docker.container.labels.mesh_cluster}";
    json!({
        "filebeat.autodiscover": {
            "providers": [{
                "type": "docker",
                "labels.dedot": true,
                "templates": [
                    template(of_cluster, json!({ "cluster": cluster, "service": service })),
                    template(of_gateway, json!({ "service": service })),
                ],
            }],
        },
    })
}

fn vector(mesh: &Mesh) -> Value {
    let name = super::prometheus::job(mesh.name.as_ref()).replace('-', "_");
    json!({
        "sources": {
            format!("{name}_containers"): {
                "type": "docker_logs",
                "include_labels": [format!("mesh.id={}", mesh.id)],
            },
        },
        "transforms": {
            name.clone(): {
                "type": "remap",
                "inputs": [format!("{name}_containers")],
                "source": ".mesh.cluster = .label.\"mesh.cluster\"\n\
                           .mesh.service = .label.\"mesh.service\"\n\
                           written, failed = parse_json(.message)\n\
                           if failed == null && is_object(written) { . = merge!(., written) }\n",
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::Engine;

    #[test]
    fn an_input_finds_the_containers_of_one_mesh() {
        let mesh = Mesh::example(2).named("ci42");
        for shipper in [Shipper::Filebeat, Shipper::Vector] {
            let file = shipper.file(&mesh);
            assert!(shipper.is_own(&file.name), "{}", file.name);
            insta::assert_snapshot!(file.name.clone(), String::from_utf8_lossy(&file.text));
        }
    }

    #[test]
    fn logs_are_where_the_engine_has_its_directory() {
        let engine = Engine { id: "ABCD".to_owned(), root: "/data/docker".to_owned() };
        for (engine, root) in [(Some(engine), "/data/docker"), (None, "/var/lib/docker")] {
            let input = filebeat(&Mesh { engine, ..Mesh::example(2) });
            let path = format!("{root}/containers/${{data.docker.container.id}}/*-json.log");
            for template in input["filebeat.autodiscover"]["providers"][0]["templates"].as_array().unwrap() {
                assert_eq!(template["config"][0]["paths"], json!([path]));
            }
        }
    }

    /// A variable without a value has Filebeat drop the template.
    #[test]
    fn the_logs_of_a_gateway_need_no_cluster() {
        let input = filebeat(&Mesh::example(2));
        let templates = input["filebeat.autodiscover"]["providers"][0]["templates"].as_array().unwrap();
        let names_cluster = |template: &&Value| template["config"].to_string().contains("labels.mesh_cluster");
        let (of_clusters, others): (Vec<&Value>, Vec<&Value>) = templates.iter().partition(names_cluster);
        assert_eq!((of_clusters.len(), others.len()), (1, 1));
        assert_eq!(
            of_clusters[0]["condition"]["and"][1],
            json!({ "has_fields": ["docker.container.labels.mesh_cluster"] })
        );
        assert_eq!(
            others[0]["condition"]["and"][1],
            json!({ "equals": { "docker.container.labels.mesh_service": "gateway" } })
        );
    }
}
