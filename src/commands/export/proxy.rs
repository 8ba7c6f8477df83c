//! `mesh export nginx` and `mesh export haproxy`: one address for the whole mesh, by a proxy that is already there.

use std::{net::IpAddr, path::Path};

use crate::{
    apply::export::Export,
    ask::export::Exported,
    cli::{NginxArgs, ProxyArgs},
    console::Console,
    error::{Error, Exit},
    mesh::{
        Mesh,
        gateway::{self, Gateway, Upstream, haproxy, nginx},
        render::RenderError,
        settings::SubjectName,
        shell_word::file_word,
    },
    session::Recorded,
    world::disk::resolve,
};

/// What the configuration is for.
#[derive(Clone, Copy)]
enum Kind {
    Nginx,
    Haproxy,
}

impl Kind {
    fn files(self, gateway: &Gateway<'_>) -> Result<Vec<Exported>, RenderError> {
        Ok(match self {
            Self::Nginx => {
                vec![Exported::new(nginx::FILE, gateway.nginx()?), Exported::new(nginx::MAIN, gateway.nginx_main()?)]
            }
            Self::Haproxy => vec![Exported::new(haproxy::FILE, gateway.haproxy()?)],
        })
    }

    /// How the proxy is given the file.
    fn given(self, at: &Path) -> String {
        match self {
            Self::Nginx => format!("include \"{}\"; # in http {{}} of nginx.conf", at.join(nginx::FILE).display()),
            Self::Haproxy => {
                format!("haproxy -f /etc/haproxy/haproxy.cfg -f {}", file_word(at.join(haproxy::FILE)))
            }
        }
    }
}

pub fn nginx(args: &NginxArgs, dir: &Path, console: &Console) -> Result<Exit, Error> {
    export(&args.proxy, &args.key, Kind::Nginx, dir, console)
}

pub fn haproxy(args: &ProxyArgs, dir: &Path, console: &Console) -> Result<Exit, Error> {
    export(args, &args.certificate, Kind::Haproxy, dir, console)
}

fn export(args: &ProxyArgs, key: &Path, kind: Kind, dir: &Path, console: &Console) -> Result<Exit, Error> {
    let recorded = Recorded::open(dir)?;
    let upstream = upstream(args.upstream.as_ref(), &recorded.mesh, console)?;
    let into = resolve(&args.into)?;
    let at = args.at.as_deref().unwrap_or(&into);
    let gateway = Gateway {
        mesh: &recorded.mesh,
        upstream,
        kibana_only: args.kibana_only,
        listen: args.listen,
        server_name: args.server_name.clone(),
        dir: at,
        certificate: &args.certificate,
        key,
        contents: String::new(),
    };
    gateway.check()?;
    let mut files = vec![Exported::new(gateway::PAGE, gateway.page()?)];
    for cluster in recorded.mesh.clusters() {
        files.push(Exported::new(gateway::authorities(cluster), recorded.authorities_of(cluster)?));
    }
    // last: they name the others
    files.extend(kind.files(&gateway)?);
    // the other proxy's configuration needs the same authorities
    let is_kept = |name: &str| files.iter().any(|file| file.name == name) || !gateway::is_authorities(name);
    if args.check {
        return check(&into, &recorded.mesh, &files, is_kept);
    }
    // once nothing else can be refused: what is, is to leave no directory
    let export = Export::open(&into, gateway::is_own)?;
    require_same_mesh(&export, &recorded.mesh)?;
    files.iter().try_for_each(|file| export.write(file))?;
    export.keep_only(is_kept)?;
    console.note(&format!("wrote a configuration into {}. Have the proxy read it:", export.dir().display()));
    console.line(&kind.given(at));
    Ok(Exit::Done)
}

/// Whether the files are those that would be written. Nothing is changed.
fn check(into: &Path, mesh: &Mesh, files: &[Exported], is_kept: impl Fn(&str) -> bool) -> Result<Exit, Error> {
    let export = Export::look(into, gateway::is_own)?;
    let mut outdated = Vec::new();
    if let Some(export) = &export {
        require_same_mesh(export, mesh)?;
        outdated = export.left(is_kept)?;
    }
    for file in files {
        if !export.as_ref().map_or(Ok(false), |export| export.holds(file))? {
            outdated.push(file.name.clone());
        }
    }
    let Some(name) = outdated.first() else { return Ok(Exit::Done) };
    Err(Error::new(Exit::Unhealthy, format!("{} is not that of the mesh as it is now", into.join(name).display()))
        .hint("type the same command without `--check`, and let the proxy read its configuration again"))
}

/// Files of two meshes have the same names.
fn require_same_mesh(export: &Export, mesh: &Mesh) -> Result<(), Error> {
    for name in [nginx::FILE, haproxy::FILE] {
        let line = export.first_line(name)?;
        if let Some(other) = line.as_deref().and_then(gateway::mesh_of).filter(|other| Path::new(other) != mesh.dir) {
            return Err(Error::new(
                Exit::Request,
                format!("{} leads to the mesh in {other}", export.dir().join(name).display()),
            )
            .hint("name a directory of its own with `--into`"));
        }
    }
    Ok(())
}

/// Where the proxy reaches the services.
fn upstream(host: Option<&SubjectName>, mesh: &Mesh, console: &Console) -> Result<Upstream, Error> {
    let Some(host) = host else { return Ok(Upstream::Network) };
    let is_here = match host {
        SubjectName::Ip(address) => address.is_loopback(),
        SubjectName::Dns(name) => name == "localhost",
    };
    let bind: IpAddr = mesh.spec.bind;
    if bind.is_loopback() && !is_here {
        return Err(Error::new(
            Exit::Request,
            format!("ports are published on {bind}, where another machine does not reach them"),
        )
        .hint("`mesh create --bind ADDRESS` publishes them on an address of this machine"));
    }
    if is_here {
        // where they are, for `localhost` is more than one address
        return Ok(Upstream::Published(SubjectName::Ip(mesh.client_address())));
    }
    console.note(
        "the proxy needs the ports of Kibana and Elasticsearch's REST API only (56nn, 92nn): have a firewall refuse 93nn",
    );
    Ok(Upstream::Published(host.clone()))
}
