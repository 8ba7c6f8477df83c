//! `mesh certs`: show and replace the certificates of services and of the gateway, and the authorities that sign them.

use std::{collections::BTreeSet, path::Path};

use super::renew::{PREPARED, carry_out};
use crate::{
    cli::{CertsAction, LsCertsArgs, RotateCertsArgs},
    console::Console,
    error::{Error, Exit},
    judge::{
        expiry::{Certificates, GIVES_ANOTHER},
        peers::damaged,
    },
    mesh::{Mesh, id::ClusterId, part::Part, settings::Overrides},
    plan::renew::{GatewayRenewal, Renewal},
    session::{Place, Recorded, Session, now},
};

pub async fn certs(action: &CertsAction, place: Place, console: &Console) -> Result<Exit, Error> {
    match action {
        CertsAction::Ls(args) => ls(args, place, console).await,
        CertsAction::Rotate(args) => rotate(args, place, console).await,
    }
}

async fn rotate(args: &RotateCertsArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let (mesh, chosen) = Chosen::read(&place.dir, &args.parts)?;
    let given = chosen.gateway && !mesh.has_gateway_authority();
    if given && chosen.clusters.is_empty() {
        return Err(Error::new(
            Exit::Request,
            "the certificate of the gateway was given, and is not mesh's to replace",
        )
        .hint(format!(
            "`{GIVES_ANOTHER}` gives it another; `mesh create --no-gateway-cert --no-gateway-key` has mesh issue one"
        )));
    }
    let of_gateway = if args.ca { GatewayRenewal::Authority } else { GatewayRenewal::Certificate };
    let gateway = (chosen.gateway && !given).then_some(of_gateway);
    let summary = match (chosen.clusters.is_empty(), args.ca) {
        (true, _) => "replaced, and the gateway shows its new certificate",
        (false, true) => PREPARED,
        (false, false) => "certificates replaced, every link proved",
    };
    let renewal = Renewal { gateway, ..Renewal::default() };
    let renewal = if args.ca {
        Renewal { authorities: chosen.clusters, peers_joined: args.peers_joined, ..renewal }
    } else {
        Renewal { certificates: chosen.clusters, ..renewal }
    };
    let done = Box::pin(carry_out(&args.renew, &Overrides::default(), renewal, summary, place, console)).await?;
    if given {
        console.given_certificate();
    }
    Ok(done)
}

async fn ls(args: &LsCertsArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let (_, chosen) = Chosen::read(&place.dir, &args.parts)?;
    let session = Session::to_look(place).await?;
    let mesh = session.recorded()?;
    let there = session.observe(&mesh).await?;
    let keys = session.world.guest_keys(&mesh, &there, now()).await;
    let certificates = Certificates::new(&mesh, &there, &chosen.clusters, now()).with_guests(&mesh, &there, &keys);
    let certificates = if chosen.gateway { certificates.with_gateway(&mesh, &there, now()) } else { certificates };
    console.show(args.output.format, &certificates, || {
        console.certificates(&certificates);
        console.authorities_of_guests(&certificates);
    });
    console.findings(&damaged(&there));
    Ok(if certificates.all_usable() { Exit::Done } else { Exit::Unhealthy })
}

/// Whose certificates a command is about.
struct Chosen {
    clusters: BTreeSet<ClusterId>,
    gateway: bool,
}

impl Chosen {
    /// The mesh, and what of it was named; all that has certificates, where nothing was.
    fn read(dir: &Path, named: &[Part]) -> Result<(Mesh, Self), Error> {
        let mesh = Recorded::open(dir)?.mesh;
        if named.is_empty() {
            let chosen = Self { clusters: mesh.clusters().collect(), gateway: mesh.gateway.is_some() };
            return Ok((mesh, chosen));
        }
        let mut chosen = Self { clusters: BTreeSet::new(), gateway: false };
        for part in named {
            mesh.require_part(part)?;
            match part {
                Part::Clusters(clusters) => chosen.clusters.extend(clusters.iter()),
                Part::Gateway => chosen.gateway = true,
                Part::Node(node) => {
                    let number = node.cluster.number();
                    return Err(Error::new(
                        Exit::Request,
                        format!("certificates are those of a whole cluster, and {part} is a node"),
                    )
                    .hint(format!("name the cluster: `mesh certs ls {number}`, `mesh certs rotate {number}`")));
                }
            }
        }
        Ok((mesh, chosen))
    }
}
