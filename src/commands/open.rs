//! `mesh open`: a Kibana or the page in a browser. The URL is printed, too, for whoever has none here.

use std::path::Path;

use crate::{
    cli::OpenArgs,
    console::Console,
    error::{Error, Exit},
    session::Recorded,
    world::browser,
};

pub fn open(args: &OpenArgs, dir: &Path, console: &Console) -> Result<Exit, Error> {
    let url = match args.cluster {
        // without its token: a browser that was let in once has it in a cookie
        None => format!("http://{}/", args.page),
        Some(cluster) => {
            let recorded = Recorded::open(dir)?;
            let cluster = recorded.cluster(cluster)?;
            recorded.mesh.url(cluster.kibana()).ok_or_else(|| {
                Error::new(Exit::Request, format!("{cluster} has no Kibana")).hint("`mesh create --kibana` makes one")
            })?
        }
    };
    console.line(&url);
    if !browser::open(&url) {
        console.note("there is no desktop here: open the URL in a browser");
    }
    Ok(Exit::Done)
}
