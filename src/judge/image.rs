//! Whether an image is what its tag says and starts on this machine, by what its program says of its version. Pure.

use super::container_exit::{self, End, Known};
use crate::mesh::{
    Mesh,
    id::{ServiceId, ServiceKind},
    settings::StackVersion,
};

/// What an image is started with to be asked for its version, as seen from the image's own directory.
///
/// The entrypoints of both images run it as it is, and Elasticsearch's leaves keystore and settings alone.
pub fn version_command(kind: ServiceKind) -> [&'static str; 2] {
    match kind {
        ServiceKind::Elastic => ["bin/elasticsearch", "--version"],
        ServiceKind::Kibana => ["bin/kibana", "--version"],
    }
}

/// Why an image cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// What came of it, after the image's name: `ended with exit code 1`.
    pub outcome: String,
    /// The cause as far as it is known, and lines of what the image wrote.
    pub causes: Vec<String>,
    /// What to type.
    pub remedy: String,
}

/// Why the image of a service, whose program ended like this when it was asked for its version, cannot be used for
/// `wanted`.
pub fn unfit(mesh: &Mesh, service: ServiceId, wanted: StackVersion, end: End<'_>) -> Option<Unfit> {
    let lines = || container_exit::last_words(end.log);
    if end.error.is_none() && end.exit_code == Some(0) {
        if states(end.log, wanted) {
            return None;
        }
        let version = end.log.iter().find_map(|line| stated(line));
        let outcome = version.map_or_else(
            || format!("does not say that it is {}", service.kind().product()),
            |version| format!("is {} {version} inside, and not {wanted}", service.kind().product()),
        );
        let remedy =
            format!("put the right image in its place (`docker image rm {}` has it pulled again)", mesh.image(service));
        return Some(Unfit { outcome, causes: lines(), remedy });
    }
    let outcome = match (end.error, end.exit_code) {
        (None, Some(code)) => format!("ended with exit code {code}"),
        (None, None) => "ended with an unknown exit code".to_owned(),
        (Some(error), _) => format!("could not be started: {error}"),
    };
    if let Some(Known { cause, line, remedy }) = container_exit::known(mesh, service, end) {
        return Some(Unfit { outcome, causes: std::iter::once(cause.into_owned()).chain(line).collect(), remedy });
    }
    let [program, option] = version_command(service.kind());
    let remedy = format!(
        "see for yourself with `docker run --rm --network none -u {} {} {program} {option}`",
        mesh.user(),
        mesh.image(service)
    );
    Some(Unfit { outcome, causes: lines(), remedy })
}

/// Whether a program says that it is of this version: Elasticsearch `Version: 9.5.3, Build: …`, Kibana `9.5.3`.
fn states(log: &[String], version: StackVersion) -> bool {
    log.iter().filter_map(|line| stated(line)).any(|stated| stated == version.to_string())
}

/// The version that a line states, as it is written: it may be one that no mesh can have.
fn stated(line: &str) -> Option<&str> {
    let line = line.trim();
    let word = match line.strip_prefix("Version: ") {
        Some(rest) => rest.split([',', ' ']).next()?,
        None => line,
    };
    let core = word.split('-').next()?;
    let numbers = core.split('.').filter(|part| part.parse::<u16>().is_ok()).count();
    (numbers == 3 && core.split('.').count() == 3).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::id::ClusterId;

    fn verdict(service: ServiceId, exit_code: i64, log: &[&str], error: Option<&str>) -> String {
        let log: Vec<String> = log.iter().map(|line| (*line).to_owned()).collect();
        let end = End { exit_code: Some(exit_code), error, log: &log, ..End::default() };
        let wanted = "9.5.3".parse().unwrap();
        unfit(&Mesh::example(1), service, wanted, end).map_or_else(
            || "fit".to_owned(),
            |Unfit { outcome, causes, remedy }| format!("{outcome}\n{}\n{remedy}", causes.join("\n")),
        )
    }

    #[test]
    fn the_version_that_is_wanted_is_fit() {
        let (elastic, kibana) = (ClusterId::FIRST.first_node(), ClusterId::FIRST.kibana());
        let line = "Version: 9.5.3, Build: docker/0bbe2f0/2026-01-01T00:00:00Z, JVM: 25.0.1";
        assert_eq!(
            verdict(elastic, 0, &["warning: ignoring JAVA_HOME=/opt/java; using bundled JDK", line], None),
            "fit"
        );
        assert_eq!(verdict(kibana, 0, &["9.5.3"], None), "fit");
    }

    #[test]
    fn another_version_is_named() {
        let (elastic, kibana) = (ClusterId::FIRST.first_node(), ClusterId::FIRST.kibana());
        insta::assert_snapshot!(verdict(elastic, 0, &["Version: 9.4.0, Build: docker/x/y, JVM: 25.0.1"], None), @r"
        is Elasticsearch 9.4.0 inside, and not 9.5.3
        Version: 9.4.0, Build: docker/x/y, JVM: 25.0.1
        put the right image in its place (`docker image rm docker.elastic.co/elasticsearch/elasticsearch:9.5.3` has it pulled again)
        ");
        insta::assert_snapshot!(verdict(kibana, 0, &["9.5.3-SNAPSHOT"], None), @r"
        is Kibana 9.5.3-SNAPSHOT inside, and not 9.5.3
        9.5.3-SNAPSHOT
        put the right image in its place (`docker image rm docker.elastic.co/kibana/kibana:9.5.3` has it pulled again)
        ");
        insta::assert_snapshot!(verdict(kibana, 0, &["hello from nginx 9.5.3"], None), @r"
        does not say that it is Kibana
        hello from nginx 9.5.3
        put the right image in its place (`docker image rm docker.elastic.co/kibana/kibana:9.5.3` has it pulled again)
        ");
    }

    #[test]
    fn what_does_not_start_is_reported_with_the_cause() {
        let elastic = ClusterId::FIRST.first_node();
        insta::assert_snapshot!(verdict(elastic, 127, &["Fatal glibc error: CPU does not support x86-64-v2"], None), @r"
        ended with exit code 127
        its image needs a newer processor than this machine has
        Fatal glibc error: CPU does not support x86-64-v2
        give the virtual machine the processor of its host (in Proxmox and QEMU: `cpu: host`), and start it again; Elasticsearch and Kibana 8.19 run on older ones
        ");
        insta::assert_snapshot!(verdict(elastic, 1, &["exec /bin/tini: exec format error"], None), @r"
        ended with exit code 1
        its image is made for another kind of processor
        exec /bin/tini: exec format error
        name a registry that has it for this machine, `mesh create` with `--registry HOST`; `images/build all` builds stand-ins here
        ");
        insta::assert_snapshot!(verdict(elastic, 0, &[], Some("OCI runtime create failed: exec: \"bin/elasticsearch\": no such file")), @r#"
        could not be started: OCI runtime create failed: exec: "bin/elasticsearch": no such file

        see for yourself with `docker run --rm --network none -u 999:0 docker.elastic.co/elasticsearch/elasticsearch:9.5.3 bin/elasticsearch --version`
        "#);
        insta::assert_snapshot!(verdict(elastic, 3, &["no reason given"], None), @r"
        ended with exit code 3
        no reason given
        see for yourself with `docker run --rm --network none -u 999:0 docker.elastic.co/elasticsearch/elasticsearch:9.5.3 bin/elasticsearch --version`
        ");
    }
}
