//! `mesh export prometheus`: alerting rules and a scrape job.

use std::path::Path;

use super::super::require_text;
use crate::{
    apply::export::Export,
    ask::export::prometheus::{Watch, is_own, token_file},
    cli::PrometheusArgs,
    console::Console,
    error::{Error, Exit},
    judge::status::HIGH_HEAP,
    session::Recorded,
};

pub fn prometheus(args: &PrometheusArgs, dir: &Path, console: &Console) -> Result<Exit, Error> {
    let recorded = Recorded::open(dir)?;
    for file in [&args.token_file, &args.ca_file].into_iter().flatten() {
        require_text(file, "it stands in the scrape job")?;
    }
    let token = args.token_file.clone().unwrap_or_else(|| token_file(recorded.mesh.name.as_ref()));
    let export = Export::open(&args.into.into, is_own)?;
    let watch = Watch {
        mesh: &recorded.mesh,
        command: &|command| console.same_command(command),
        high_heap: HIGH_HEAP,
        target: &args.target,
        token: &token,
        authority: args.ca_file.as_deref(),
    };
    for file in watch.files() {
        export.write(&file)?;
        console.line(&export.dir().join(&file.name).display().to_string());
    }
    console.note("name the first file under `rule_files` of prometheus.yml; the second where `mesh serve` is scraped");
    Ok(Exit::Done)
}
