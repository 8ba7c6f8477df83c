//! Units of systemd, as they are written. Pure.

use std::net::{IpAddr, Ipv4Addr};

use super::*;

const PAGE: Page<'static> =
    Page { listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9500), names: &[], identity: None };

pub(super) fn units<'a>(mesh: &'a Mesh, runner: &'a Runner) -> Units<'a> {
    let (program, textfiles) = (Path::new("/usr/bin/mesh"), Path::new("/var/lib/prometheus/node-exporter"));
    Units { mesh, program, runner, textfiles, writes_textfiles: false, page: &PAGE, socket: None }
}

fn all(units: &Units<'_>) -> String {
    let files = units.files();
    assert!(files.iter().all(|file| is_own(&file.name) && !file.is_private));
    let text = |file: &Exported| format!("== {}\n{}", file.name, String::from_utf8_lossy(&file.text));
    files.iter().map(text).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_units_of_root() {
    insta::assert_snapshot!(all(&units(&Mesh::example(2), &Runner::Root)));
}

#[test]
fn a_user_needs_no_capability_for_its_own_files_and_a_name_keeps_units_apart() {
    let mut mesh = Mesh::example(2).named("ci42");
    mesh.dir = "/home/ana/a mesh 100%".into();
    let runner = Runner::User { uid: 1000, home: "/home/ana".into() };
    let units = units(&mesh, &runner);
    let text = all(&units);
    for line in [
        "== mesh-ci42-renew.service",
        r#"ExecStart=/usr/bin/mesh --dir "/home/ana/a mesh 100%%" --name ci42 create --renew-only --quiet"#,
        r#"ReadWritePaths=-"/home/ana/a mesh 100%%""#,
        "ReadWritePaths=-/home/ana/.local/state/mesh",
        "User=1000",
        "CapabilityBoundingSet=",
        "ProtectHome=no",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    insta::assert_snapshot!(units.commands(Path::new("/tmp/units")).join("\n"), @r"
    cp /tmp/units/mesh-ci42-look.service /tmp/units/mesh-ci42-look.timer /tmp/units/mesh-ci42-renew.service /tmp/units/mesh-ci42-renew.timer /tmp/units/mesh-ci42-serve.service /etc/systemd/system/ && systemctl daemon-reload
    systemctl enable mesh-ci42-look.timer mesh-ci42-renew.timer mesh-ci42-serve.service && systemctl restart mesh-ci42-look.timer mesh-ci42-renew.timer mesh-ci42-serve.service
    ");
}

/// Meshes may share a directory, and the name of the one without a name begins all others.
#[test]
fn units_of_another_mesh_are_not_copied() {
    let (mesh, other) = (Mesh::example(2), Mesh::example(2).named("ci42"));
    let [copy, _] = units(&mesh, &Runner::Root).commands(Path::new("/tmp/units"));
    for file in units(&mesh, &Runner::Root).files() {
        assert!(copy.split(' ').any(|word| word == format!("/tmp/units/{}", file.name)), "{copy}");
    }
    for file in units(&other, &Runner::Root).files() {
        assert!(!copy.contains(&file.name), "{copy}");
    }
    assert!(!copy.contains('*'), "{copy}");
}

/// Root without capabilities is refused by a directory of another user.
#[test]
fn metrics_are_written_whoever_has_the_directory() {
    let mesh = Mesh::example(2);
    let units = units(&mesh, &Runner::Root);
    let capabilities = units.files().map(|file| {
        let text = String::from_utf8(file.text).unwrap();
        text.lines().find_map(|line| line.strip_prefix("CapabilityBoundingSet=")).map(str::to_owned)
    });
    let [look, _, renew, _, serve] = capabilities;
    assert_eq!(look.as_deref(), Some("CAP_DAC_OVERRIDE"));
    assert_eq!(renew.as_deref(), Some("CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER"));
    assert_eq!(serve.as_deref(), Some("CAP_DAC_READ_SEARCH"));
}

/// The node exporter's directory is another user's, and the look of a user would fail at every minute.
#[test]
fn metrics_of_a_user_are_written_as_well() {
    let mesh = Mesh::example(2);
    let user = Runner::User { uid: 1000, home: "/home/ana".into() };
    let capabilities = |textfiles: &str, writes_textfiles: bool| {
        let units = Units { textfiles: Path::new(textfiles), writes_textfiles, ..units(&mesh, &user) };
        let [look, _, renew, _, serve] = units.files().map(|file| {
            let text = String::from_utf8(file.text).unwrap();
            let lines = text.lines().filter(|line| line.contains("Capabilit"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        });
        assert_eq!([renew, serve], [["CapabilityBoundingSet="], ["CapabilityBoundingSet="]]);
        look
    };
    let given = ["CapabilityBoundingSet=CAP_DAC_OVERRIDE", "AmbientCapabilities=CAP_DAC_OVERRIDE"];
    assert_eq!(capabilities("/var/lib/prometheus/node-exporter", false), given);
    assert_eq!(capabilities("/srv/metrics-of-ana", true), ["CapabilityBoundingSet="]);
    assert_eq!(capabilities("/home/ana/metrics", false), ["CapabilityBoundingSet="]);
}

/// A bind that is refused would have the unit start again for ever.
#[test]
fn a_page_on_a_low_port_may_bind_it() {
    let mesh = Mesh::example(2);
    let user = Runner::User { uid: 1000, home: "/home/ana".into() };
    let capabilities = |runner: &Runner, port: u16| {
        let page = Page { listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port), ..PAGE };
        let [look, _, renew, _, serve] = Units { page: &page, ..units(&mesh, runner) }.files().map(|file| {
            let text = String::from_utf8(file.text).unwrap();
            let lines = text.lines().filter(|line| line.contains("Capabilit"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        });
        assert!([look, renew].iter().flatten().all(|line| !line.contains("BIND")), "{port}");
        serve
    };
    for port in [1, 443, 1023] {
        let of_root = "CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_NET_BIND_SERVICE";
        assert_eq!(capabilities(&Runner::Root, port), [of_root], "{port}");
        let of_user = ["CapabilityBoundingSet=CAP_NET_BIND_SERVICE", "AmbientCapabilities=CAP_NET_BIND_SERVICE"];
        assert_eq!(capabilities(&user, port), of_user, "{port}");
    }
    for port in [0, 1024] {
        assert_eq!(capabilities(&Runner::Root, port), ["CapabilityBoundingSet=CAP_DAC_READ_SEARCH"], "{port}");
        assert_eq!(capabilities(&user, port), ["CapabilityBoundingSet="], "{port}");
    }
}

/// Of the mesh of another engine, in a directory that every unit would have for itself.
#[test]
fn what_a_unit_needs_is_not_hidden_from_it() {
    let mut mesh = Mesh::example(2);
    mesh.dir = "/var/tmp/mesh".into();
    let socket = Path::new("/run/user/0/a b.sock");
    let units = Units { socket: Some(socket), ..units(&mesh, &Runner::Root) };
    let text = all(&units);
    for line in ["PrivateTmp=no", "ProtectHome=no", r#"Environment="DOCKER_HOST=unix:///run/user/0/a b.sock""#] {
        assert_eq!(text.lines().filter(|found| *found == line).count(), 3, "{line}\n{text}");
    }
}

/// What the user has and a look reads: without it, a look and so a renewal ends with an error.
#[test]
fn files_of_the_user_are_not_hidden_from_a_unit() {
    let of = |file: &Path| {
        let mut mesh = Mesh::example(2);
        mesh.spec.templates.0 = Some(file.to_owned());
        let text = all(&units(&mesh, &Runner::Root));
        ["ProtectHome=no", "PrivateTmp=no"].map(|line| text.lines().filter(|found| *found == line).count())
    };
    assert_eq!(of(Path::new("/root/templates")), [3, 0]);
    assert_eq!(of(Path::new("/tmp/templates")), [0, 3]);
    assert_eq!(of(Path::new("/etc/mesh/templates")), [0, 0]);
}

#[test]
fn a_page_for_other_machines_has_its_certificate() {
    let page = Page {
        listen: "[fe80::1%2]:9500".parse().unwrap(),
        names: &["mesh.example.com".to_owned()],
        identity: Some([Path::new("/home/ana/a b.crt"), Path::new("/home/ana/page.key")]),
    };
    let mesh = Mesh::example(2);
    let text = all(&Units { page: &page, ..units(&mesh, &Runner::Root) });
    let command = "ExecStart=/usr/bin/mesh --dir /mnt/data/mesh serve --listen [fe80::1%%2]:9500 \
                   --san mesh.example.com --tls-certificate \"/home/ana/a b.crt\" --tls-key /home/ana/page.key \
                   --token-file %S/mesh-serve/token";
    assert!(text.lines().any(|line| line == command), "{text}");
    assert!(text.contains("ProtectHome=no"), "{text}");
}

#[test]
fn keys_of_a_short_life_are_renewed_in_time() {
    let mut mesh = Mesh::example(2);
    let often = [365, 8, 7, 1].map(|days: u16| {
        mesh.spec.key_days = days.try_into().unwrap();
        units(&mesh, &Runner::Root).often().lines().next().unwrap_or_default().to_owned()
    });
    assert_eq!(often, ["OnCalendar=daily", "OnCalendar=daily", "OnCalendar=hourly", "OnCalendar=hourly"]);
}
