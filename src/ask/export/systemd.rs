//! Units of systemd for a mesh: looking at it, renewing what expires, serving the page. Pure: no I/O.
//!
//! See `systemd.exec(5)` and `systemd.timer(5)`. A unit may do what its command does, and no more.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use time::Duration;

use super::{
    Exported,
    prometheus::job,
    unit_text::{path, word},
};
use crate::mesh::Mesh;

/// Who runs `mesh`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runner {
    Root,
    /// A user of Docker's group. Locks are kept below the home directory.
    User {
        uid: u32,
        home: PathBuf,
    },
}

/// What the units of a mesh are made of.
pub struct Units<'a> {
    pub mesh: &'a Mesh,
    /// The program, with its whole path.
    pub program: &'a Path,
    pub runner: &'a Runner,
    /// The directory in which the node exporter looks for metrics.
    pub textfiles: &'a Path,
    pub page: &'a Page<'a>,
    /// The engine's socket, where it is not the default one: a unit has not the environment of who writes it.
    pub socket: Option<&'a Path>,
}

/// What the page is served by.
pub struct Page<'a> {
    pub listen: SocketAddr,
    /// Other names by which browsers open it.
    pub names: &'a [String],
    /// The certificate and its key, with their whole paths.
    pub identity: Option<[&'a Path; 2]>,
}

/// Where other users' files are hidden from a unit.
const HOMES: [&str; 3] = ["/home", "/root", "/run/user"];
/// What a unit has directories of its own in place of.
const TEMPORARY: [&str; 2] = ["/tmp", "/var/tmp"];

/// What keeps a unit from what no command of `mesh` needs.
const HARDENED: &str = "\
NoNewPrivileges=yes
ProtectSystem=strict
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077
";

impl Units<'_> {
    pub fn files(&self) -> [Exported; 5] {
        let unit = |of: &str, text: String| {
            let head = "# Written by `mesh export systemd`; a newer export replaces it.\n";
            Exported::new(format!("{}-{of}", job(self.mesh.name.as_ref())), head.to_owned() + &text)
        };
        [
            unit("look.service", self.look()),
            unit("look.timer", self.timer("Look at", "OnCalendar=minutely\nAccuracySec=5s\n")),
            unit("renew.service", self.renew()),
            unit("renew.timer", self.timer("Renew what expires of", &self.often())),
            unit("serve.service", self.serve()),
        ]
    }

    /// The commands that put the units of a directory into service.
    pub fn commands(&self, dir: &Path) -> [String; 2] {
        let job = job(self.mesh.name.as_ref());
        [
            format!(
                "cp {}/{job}-* /etc/systemd/system/ && systemctl daemon-reload",
                crate::mesh::shell_word::shell_word(dir)
            ),
            format!("systemctl enable --now {job}-look.timer {job}-renew.timer {job}-serve.service"),
        ]
    }

    fn of(&self) -> String {
        self.mesh.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default()
    }

    fn look(&self) -> String {
        let file = self.textfiles.join(format!("{}.prom", job(self.mesh.name.as_ref())));
        let command = format!("status -o prometheus --into {}", word(&file));
        let about = format!("Look at the data mesh{} for Prometheus", self.of());
        self.service(
            &about,
            "oneshot",
            &command,
            &Needs { writes: vec![self.textfiles.to_owned()], owns: false },
            "TimeoutStartSec=5min\n",
        )
    }

    /// As much time as `mesh` gives itself for 99 clusters.
    fn renew(&self) -> String {
        let locks = match self.runner {
            Runner::Root => "/run".into(),
            Runner::User { home, .. } => home.join(".local/state/mesh"),
        };
        let about = format!("Renew keys and certificates of the data mesh{}", self.of());
        let needs = Needs { writes: vec![self.mesh.dir.clone(), locks], owns: true };
        self.service(&about, "oneshot", "create --renew-only --quiet", &needs, "TimeoutStartSec=2h\n")
    }

    /// The token stays in a directory that the unit alone has, out of the journal.
    fn serve(&self) -> String {
        let state = format!("{}-serve", job(self.mesh.name.as_ref()));
        let listen = word(Path::new(&self.page.listen.to_string()));
        let names = self.page.names.iter().map(|name| format!(" --san {}", word(Path::new(name))));
        let identity = self
            .page
            .identity
            .map(|[certificate, key]| format!(" --tls-certificate {} --tls-key {}", word(certificate), word(key)));
        let shown = names.chain(identity).collect::<String>();
        let command = format!("serve --listen {listen}{shown} --token-file %S/{state}/token");
        let about = format!("Serve the page of the data mesh{}", self.of());
        let more = format!("Restart=on-failure\nRestartSec=5s\nStateDirectory={state}\nStateDirectoryMode=0700\n");
        let needs = Needs { writes: Vec::new(), owns: false };
        self.service(&about, "exec", &command, &needs, &more) + "\n[Install]\nWantedBy=multi-user.target\n"
    }

    fn service(&self, about: &str, kind: &str, command: &str, needs: &Needs, more: &str) -> String {
        let (program, dir) = (word(self.program), word(&self.mesh.dir));
        let user = match self.runner {
            Runner::Root => String::new(),
            Runner::User { uid, .. } => format!("User={uid}\n"),
        };
        let unless = |shown: bool| if shown { "no" } else { "yes" };
        let home = unless(matches!(self.runner, Runner::User { .. }) || self.uses(needs, &HOMES));
        let temporary = unless(self.uses(needs, &TEMPORARY));
        let host = self.socket.map(|socket| format!("DOCKER_HOST=unix://{}", socket.display()));
        let engine = host.map(|host| format!("Environment={}\n", path(Path::new(&host)))).unwrap_or_default();
        let writes = needs.writes.iter().map(|dir| format!("ReadWritePaths=-{}\n", path(dir)));
        let writes = writes.collect::<Vec<_>>().concat();
        let capabilities = match (self.runner, needs.owns) {
            (Runner::User { .. }, _) => "",
            // files of the containers' user are read, and written for it
            (Runner::Root, true) => "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER",
            (Runner::Root, false) => "CAP_DAC_READ_SEARCH",
        };
        format!(
            "[Unit]\nDescription={about}\nDocumentation=man:mesh(1)\nWants=docker.service\nAfter=docker.service\n\n\
             [Service]\nType={kind}\nExecStart={program} --dir {dir} {command}\n{engine}{user}{more}{writes}\
             CapabilityBoundingSet={capabilities}\nProtectHome={home}\nPrivateTmp={temporary}\n{HARDENED}"
        )
    }

    /// Whether a command needs something below one of these directories.
    fn uses(&self, needs: &Needs, below: &[&str]) -> bool {
        let used = [self.mesh.dir.as_path(), self.program].into_iter().chain(self.socket);
        let outside = self.mesh.read_outside();
        let used = used.chain(needs.writes.iter().chain(&outside).map(PathBuf::as_path));
        let mut used = used.chain(self.page.identity.into_iter().flatten());
        used.any(|path| below.iter().any(|dir| path.starts_with(dir)))
    }

    /// Twice within the time in which a key is due, at least.
    fn often(&self) -> String {
        let (often, delay) =
            if self.mesh.key_margin() < Duration::days(2) { ("hourly", "5min") } else { ("daily", "1h") };
        format!("OnCalendar={often}\nRandomizedDelaySec={delay}\nPersistent=yes\n")
    }

    fn timer(&self, what: &str, when: &str) -> String {
        format!(
            "[Unit]\nDescription={what} the data mesh{}\n\n[Timer]\n{when}\n[Install]\nWantedBy=timers.target\n",
            self.of()
        )
    }
}

/// What a command needs besides looking.
struct Needs {
    writes: Vec<PathBuf>,
    /// Whether it writes files of the containers' user.
    owns: bool,
}

/// Whether a file is one that an export for systemd writes: several meshes may share a directory.
pub fn is_own(name: &str) -> bool {
    let of = ["-look.service", "-look.timer", "-renew.service", "-renew.timer", "-serve.service"];
    name.starts_with("mesh") && of.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const PAGE: Page<'static> =
        Page { listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9500), names: &[], identity: None };

    fn units<'a>(mesh: &'a Mesh, runner: &'a Runner) -> Units<'a> {
        let (program, textfiles) = (Path::new("/usr/bin/mesh"), Path::new("/var/lib/prometheus/node-exporter"));
        Units { mesh, program, runner, textfiles, page: &PAGE, socket: None }
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
    fn a_user_needs_no_capability_and_a_name_keeps_units_apart() {
        let mut mesh = Mesh::example(2).named("ci42");
        mesh.dir = "/home/ana/a mesh 100%".into();
        let runner = Runner::User { uid: 1000, home: "/home/ana".into() };
        let units = units(&mesh, &runner);
        let text = all(&units);
        for line in [
            "== mesh-ci42-renew.service",
            r#"ExecStart=/usr/bin/mesh --dir "/home/ana/a mesh 100%%" create --renew-only --quiet"#,
            r#"ReadWritePaths=-"/home/ana/a mesh 100%%""#,
            "ReadWritePaths=-/home/ana/.local/state/mesh",
            "User=1000",
            "CapabilityBoundingSet=",
            "ProtectHome=no",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(units.commands(Path::new("/tmp/units"))[1].contains("mesh-ci42-look.timer"));
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
}
