//! Units of systemd for a mesh: looking at it, renewing what expires, serving the page. Pure: no I/O.
//!
//! See `systemd.exec(5)` and `systemd.timer(5)`. A unit may do what its command does, and no more.

mod pages;

use std::{
    net::SocketAddr,
    ops::Range,
    path::{Path, PathBuf},
};

use time::Duration;

pub use self::pages::{Taken, is_serve};
use super::{
    Exported,
    prometheus::job,
    unit_text::{path, word},
};
use crate::mesh::{Mesh, shell_word::shell_word};

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
    /// Whether who runs `mesh` may write there by itself.
    pub writes_textfiles: bool,
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

/// The end of the name of the unit that serves the page.
const SERVE: &str = "serve.service";

/// The ports that need [`BIND`]; 0 stands for any other.
const LOW_PORTS: Range<u16> = 1..1024;
/// See `capabilities(7)`.
const BIND: &str = "CAP_NET_BIND_SERVICE";

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
            Exported::new(self.unit(of), head.to_owned() + &text)
        };
        [
            unit("look.service", self.look()),
            unit("look.timer", self.timer("Look at", "OnCalendar=minutely\nAccuracySec=5s\n")),
            unit("renew.service", self.renew()),
            unit("renew.timer", self.timer("Renew what expires of", &self.often())),
            unit(SERVE, self.serve()),
        ]
    }

    /// The name of a unit.
    fn unit(&self, of: &str) -> String {
        format!("{}-{of}", job(self.mesh.name.as_ref()))
    }

    /// The commands that put the units of a directory into service, also in place of those of an earlier export.
    pub fn commands(&self, dir: &Path) -> [String; 2] {
        let dir = shell_word(dir);
        let files = self.files().map(|file| format!("{dir}/{}", file.name)).join(" ");
        let units = ["look.timer", "renew.timer", SERVE].map(|of| self.unit(of)).join(" ");
        [
            format!("cp {files} /etc/systemd/system/ && systemctl daemon-reload"),
            format!("systemctl enable {units} && systemctl restart {units}"),
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
            &Needs { writes: vec![self.textfiles.to_owned()], ..Needs::default() },
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
        let needs = Needs { writes: vec![self.mesh.dir.clone(), locks], owns: true, ..Needs::default() };
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
        let needs = Needs { binds_low: LOW_PORTS.contains(&self.page.listen.port()), ..Needs::default() };
        self.service(&about, "exec", &command, &needs, &more) + "\n[Install]\nWantedBy=multi-user.target\n"
    }

    fn service(&self, about: &str, kind: &str, command: &str, needs: &Needs, more: &str) -> String {
        let (program, dir) = (word(self.program), word(&self.mesh.dir));
        // a directory alone tells no name once its mesh was removed, and metrics would be those of the mesh without one
        let name = self.mesh.name.as_ref().map(|name| format!(" --name {name}")).unwrap_or_default();
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
            // the node exporter's directory is another user's; below the home directory, it is the user's own
            (Runner::User { home, .. }, false)
                if !self.writes_textfiles && !needs.writes.iter().all(|dir| dir.starts_with(home)) =>
            {
                "CAP_DAC_OVERRIDE"
            }
            (Runner::User { .. }, _) => "",
            // files of the containers' user are read, and written for it
            (Runner::Root, true) => "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER",
            // the node exporter's directory may be another user's; what else there is, `ProtectSystem` keeps read-only
            (Runner::Root, false) if !needs.writes.is_empty() => "CAP_DAC_OVERRIDE",
            (Runner::Root, false) => "CAP_DAC_READ_SEARCH",
        };
        let (files, bind) = (Some(capabilities).filter(|all| !all.is_empty()), needs.binds_low.then_some(BIND));
        let capabilities = files.into_iter().chain(bind).collect::<Vec<_>>().join(" ");
        // root has what the bounding set leaves; another user has to be given it
        let ambient = match self.runner {
            Runner::User { .. } if !capabilities.is_empty() => format!("AmbientCapabilities={capabilities}\n"),
            _ => String::new(),
        };
        format!(
            "[Unit]\nDescription={about}\nDocumentation=man:mesh(1)\nWants=docker.service\nAfter=docker.service\n\n\
             [Service]\nType={kind}\nExecStart={program} --dir {dir}{name} {command}\n{engine}{user}{more}{writes}\
             CapabilityBoundingSet={capabilities}\n{ambient}ProtectHome={home}\nPrivateTmp={temporary}\n{HARDENED}"
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
#[derive(Default)]
struct Needs {
    writes: Vec<PathBuf>,
    /// Whether it writes files of the containers' user.
    owns: bool,
    /// Whether it listens on one of [`LOW_PORTS`].
    binds_low: bool,
}

/// Whether a file is one that an export for systemd writes: several meshes may share a directory.
pub fn is_own(name: &str) -> bool {
    let of = ["-look.service", "-look.timer", "-renew.service", "-renew.timer", "-serve.service"];
    name.starts_with("mesh") && of.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests;
