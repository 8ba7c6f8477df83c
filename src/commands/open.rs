//! `mesh open`: a Kibana or the page in a browser. The URL is printed, too, for whoever has none here.

use std::{net::SocketAddr, path::Path};

use crate::{
    cli::OpenArgs,
    console::Console,
    error::{Error, Exit},
    session::Recorded,
    world::browser,
};

pub fn open(args: &OpenArgs, dir: &Path, console: &Console) -> Result<Exit, Error> {
    let url = match args.cluster {
        None => page(args.page),
        Some(cluster) => {
            let recorded = Recorded::open(dir)?;
            let cluster = recorded.cluster(cluster)?;
            recorded.mesh.url(cluster.kibana()).ok_or_else(|| {
                Error::new(Exit::Request, format!("{cluster} has no Kibana"))
                    .hint(format!("`mesh create {}` makes one", recorded.mesh.flags_for_kibana([cluster])))
            })?
        }
    };
    console.line(&url);
    if !browser::open(&url) {
        console.note("there is no desktop here: open the URL in a browser");
    }
    Ok(Exit::Done)
}

/// The page's URL: on an address of other machines it always speaks TLS. Its token is not in it: a browser that was let
/// in once has it in a cookie.
fn page(at: SocketAddr) -> String {
    let scheme = if at.ip().is_loopback() { "http" } else { "https" };
    format!("{scheme}://{at}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_for_other_machines_speaks_tls() {
        let urls = ["127.0.0.1:9500", "[::1]:9500", "192.0.2.11:9500", "[2001:db8::1]:443"];
        assert_eq!(
            urls.map(|at| page(at.parse().unwrap())),
            ["http://127.0.0.1:9500/", "http://[::1]:9500/", "https://192.0.2.11:9500/", "https://[2001:db8::1]:443/"]
        );
    }
}
