//! What Prometheus needs to watch a mesh: alerting rules, and a job that scrapes `mesh serve`. Pure: no I/O.
//!
//! See <https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/>. The metrics are those of
//! `judge::metrics`.

mod alerts;

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use serde::Serialize;
use time::Duration;

use self::alerts::alerts;
use super::Exported;
use crate::mesh::{Mesh, name::MeshName};

/// A mesh that is to be watched.
pub struct Watch<'a> {
    pub mesh: &'a Mesh,
    /// A command of `mesh` as it has to be typed to be about this mesh.
    pub command: &'a dyn Fn(&str) -> String,
    /// The part of a heap, in percent, above which a server runs short of memory.
    pub high_heap: u64,
    /// Where `mesh serve` listens.
    pub target: &'a str,
    /// The file with the token by which it lets programs in.
    pub token: &'a Path,
    /// The file with the authority of its certificate, where it has one that Prometheus does not trust by itself.
    pub authority: Option<&'a Path>,
}

/// How long what expires has left when an alert says so. What renews by itself has been renewed before.
struct Lead {
    warning: Duration,
    critical: Duration,
}

impl Lead {
    /// The lead for what `mesh create` renews when it has less than `margin` left.
    fn of(margin: Duration) -> Self {
        Self { warning: margin * 2 / 3, critical: margin / 4 }
    }
}

#[derive(Serialize)]
struct RuleFile {
    groups: [Group; 1],
}

#[derive(Serialize)]
struct Group {
    name: String,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
struct Rule {
    alert: &'static str,
    expr: String,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    held: Option<&'static str>,
    labels: Labels,
    annotations: Annotations,
}

#[derive(Serialize)]
struct Labels {
    severity: Severity,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    Warning,
    /// Data cannot be searched, or will not be soon.
    Critical,
}

#[derive(Serialize)]
struct Annotations {
    summary: String,
    description: String,
    /// What to type on the machine of the mesh.
    command: String,
}

#[derive(Serialize)]
struct ScrapeFile<'a> {
    scrape_configs: [Scrape<'a>; 1],
}

#[derive(Serialize)]
struct Scrape<'a> {
    job_name: String,
    scheme: &'static str,
    authorization: Authorization<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_config: Option<Tls<'a>>,
    static_configs: [Targets<'a>; 1],
}

#[derive(Serialize)]
struct Authorization<'a> {
    credentials_file: &'a Path,
}

#[derive(Serialize)]
struct Tls<'a> {
    ca_file: &'a Path,
}

#[derive(Serialize)]
struct Targets<'a> {
    targets: [&'a str; 1],
}

impl Watch<'_> {
    pub fn files(&self) -> [Exported; 2] {
        [Exported::new(self.rules_file(), self.rules()), Exported::new(self.scrape_file(), self.scrape())]
    }

    fn rules_file(&self) -> String {
        format!("{}.rules.yml", job(self.mesh.name.as_ref()))
    }

    fn scrape_file(&self) -> String {
        format!("{}.scrape.yml", job(self.mesh.name.as_ref()))
    }

    fn rules(&self) -> String {
        let rules = RuleFile { groups: [Group { name: job(self.mesh.name.as_ref()), rules: alerts(self) }] };
        let head = "# Written by `mesh export prometheus`; a newer export replaces it. Name it under `rule_files`.\n";
        head.to_owned() + &serde_yaml::to_string(&rules).expect("should be YAML: it is texts")
    }

    fn scrape(&self) -> String {
        let scrape = ScrapeFile {
            scrape_configs: [Scrape {
                job_name: job(self.mesh.name.as_ref()),
                scheme: if self.authority.is_some() || !is_loopback(self.target) { "https" } else { "http" },
                authorization: Authorization { credentials_file: self.token },
                tls_config: self.authority.map(|ca_file| Tls { ca_file }),
                static_configs: [Targets { targets: [self.target] }],
            }],
        };
        let head = "# Written by `mesh export prometheus`. Name it under `scrape_config_files`, or copy the job. Where the node\n\
                    # exporter reads metrics that `mesh status -o prometheus --into FILE` writes, it is not needed.\n";
        head.to_owned() + &serde_yaml::to_string(&scrape).expect("should be YAML: it is texts")
    }
}

/// The name of everything that is about a mesh: `mesh`, or `mesh-ci42` for one with a name.
pub(super) fn job(name: Option<&MeshName>) -> String {
    name.map_or_else(|| "mesh".to_owned(), |name| format!("mesh-{name}"))
}

/// The file with the token of a mesh's page, unless another one is named: each page has a token of its own.
pub fn token_file(name: Option<&MeshName>) -> PathBuf {
    format!("/etc/prometheus/{}.token", job(name)).into()
}

/// Whether an address with a port is this machine's alone: on any other, `mesh serve` has a certificate, and the token
/// is not to pass in clear.
fn is_loopback(target: &str) -> bool {
    let host = target.rsplit_once(':').map_or(target, |(host, _)| host);
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    address.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Whether a file is one that an export for Prometheus writes: several meshes may share a directory.
pub fn is_own(name: &str) -> bool {
    name.starts_with("mesh") && (name.ends_with(".rules.yml") || name.ends_with(".scrape.yml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch<'a>(mesh: &'a Mesh, command: &'a dyn Fn(&str) -> String) -> Watch<'a> {
        let token = Path::new("/etc/mesh/serve.token");
        Watch { mesh, command, high_heap: 85, target: "127.0.0.1:9500", token, authority: None }
    }

    #[test]
    fn a_job_reads_the_token_and_verifies_whom_it_asks() {
        let mesh = Mesh::example(2).named("ci42");
        let command = |command: &str| format!("{command} --name ci42");
        let watch = watch(&mesh, &command);
        let [rules, scrape] = watch.files();
        assert_eq!([&rules.name, &scrape.name], ["mesh-ci42.rules.yml", "mesh-ci42.scrape.yml"]);
        assert!(is_own(&rules.name) && is_own(&scrape.name) && !is_own("other.rules.yml"));
        let secure = Watch { target: "192.0.2.7:9500", authority: Some(Path::new("/etc/mesh/ca.crt")), ..watch };
        insta::assert_snapshot!(String::from_utf8_lossy(&secure.files()[1].text), @r"
        # Written by `mesh export prometheus`. Name it under `scrape_config_files`, or copy the job. Where the node
        # exporter reads metrics that `mesh status -o prometheus --into FILE` writes, it is not needed.
        scrape_configs:
        - job_name: mesh-ci42
          scheme: https
          authorization:
            credentials_file: /etc/mesh/serve.token
          tls_config:
            ca_file: /etc/mesh/ca.crt
          static_configs:
          - targets:
            - 192.0.2.7:9500
        ");
    }

    #[test]
    fn every_mesh_has_a_token_file_of_its_own() {
        let of = |mesh: &Mesh| token_file(mesh.name.as_ref());
        assert_eq!(of(&Mesh::example(1)), Path::new("/etc/prometheus/mesh.token"));
        assert_eq!(of(&Mesh::example(1).named("ci42")), Path::new("/etc/prometheus/mesh-ci42.token"));
    }

    #[test]
    fn a_token_passes_in_clear_on_loopback_alone() {
        let mesh = Mesh::example(1);
        for (target, scheme) in [
            ("127.0.0.1:9500", "http"),
            ("127.0.1.1:9500", "http"),
            ("localhost:9500", "http"),
            ("[::1]:9500", "http"),
            ("192.0.2.7:9500", "https"),
            ("[2001:db8::7]:9500", "https"),
            ("mesh.example.com:9500", "https"),
        ] {
            let text = Watch { target, ..watch(&mesh, &str::to_owned) }.scrape();
            assert!(text.contains(&format!("  scheme: {scheme}\n")) && !text.contains("tls_config"), "{text}");
        }
    }

    #[test]
    fn rules_are_about_one_mesh_and_name_its_commands() {
        let mesh = Mesh::example(2);
        let text = watch(&mesh, &str::to_owned).rules();
        insta::assert_snapshot!(text);
        let named = Mesh::example(2).named("ci42");
        let rules = watch(&named, &|command| format!("{command} --name ci42")).rules();
        assert!(!rules.contains(r#"mesh="""#), "{rules}");
        let commands = rules.lines().filter(|line| line.contains("command:"));
        assert!(commands.clone().count() > 10 && commands.clone().all(|line| line.contains("--name ci42")), "{rules}");
    }
}
