//! The settings that flags, the environment and a file set. I/O: the environment, disk, stdin, the terminal; changes
//! nothing.

#![expect(clippy::disallowed_methods, reason = "settings are read from the environment")]

use std::path::{Path, PathBuf};

use crate::{
    cli::SettingsArgs,
    console::Console,
    error::{Error, Exit},
    judge::check::Finding,
    mesh::settings::{Overrides, environment, file, near, precedence::Source},
    session::Place,
    world::{disk, templates},
};

/// The settings of a request: those of all its sources, merged.
pub async fn requested(args: &SettingsArgs, place: &Place, console: &Console) -> Result<Overrides, Error> {
    Ok(sources(args, place, console)
        .await?
        .into_iter()
        .map(|(_, overrides)| overrides)
        .reduce(Overrides::or)
        .unwrap_or_default())
}

/// The settings of each source, the one that takes precedence first. All errors come at once; templates that
/// they name are found and checked.
pub async fn sources(args: &SettingsArgs, place: &Place, console: &Console) -> Result<Vec<(Source, Overrides)>, Error> {
    warn_of_misspelled(console);
    let mut sources = vec![(Source::Flag, args.overrides.clone())];
    let mut problems = Vec::new();
    let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    match environment::read(variable) {
        Ok(overrides) => sources.push((Source::Environment, overrides)),
        Err(found) => problems.extend(found),
    }
    if let Some(path) = &args.file {
        match read_file(path).await? {
            (name, Ok((overrides, lines))) => {
                place.require(overrides.name.as_ref())?;
                sources.push((Source::File { name, lines }, overrides));
            }
            (_, Err(found)) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return Err(refusal(problems));
    }
    let here = std::path::absolute(".").map_err(|error| {
        Error::new(Exit::Request, format!("the working directory cannot be found: {error}"))
            .hint("type the same command in another directory")
    })?;
    for (_, overrides) in &mut sources {
        *overrides = std::mem::take(overrides).with_files_below(&here);
    }
    let templates = sources.iter_mut().find_map(|(_, overrides)| overrides.templates.as_mut());
    if let Some(dir) = templates.and_then(|templates| templates.0.as_mut()) {
        *dir = disk::resolve(dir)?;
        super::require_text(dir, "it is recorded in `mesh.json`")?;
        templates::require_usable(dir)?;
    }
    Ok(sources)
}

/// The file's name for people, and what it sets or what is wrong with it.
async fn read_file(path: &Path) -> Result<(String, file::Read), Error> {
    let (name, base) = match path.to_str() {
        Some("-") => ("stdin".to_owned(), PathBuf::new()),
        _ => (path.display().to_string(), disk::directory_of(path)),
    };
    let refuse = |why: &str| {
        Error::new(Exit::Request, format!("{name} cannot be read: {why}"))
            .hint("name a settings file with `-f`; `-f -` reads stdin")
    };
    let bytes = disk::read_given(path, disk::LARGEST).await.map_err(|error| {
        if error.is_missing() { refuse("there is no such file") } else { refuse(&error.to_string()) }
    })?;
    let text = String::from_utf8(bytes).map_err(|_| refuse("it is not valid UTF-8"))?;
    let read = file::read(&name, &base, &text);
    Ok((name, read))
}

/// Variables that would be settings if they were spelled so. Those of other programs may begin with `MESH_`, too.
fn warn_of_misspelled(console: &Console) {
    let set = std::env::vars_os().filter(|(_, value)| !value.is_empty());
    let names: Vec<String> = set.filter_map(|(name, _)| name.into_string().ok()).collect();
    for (name, meant) in near::variables(&names) {
        let warning = format!("the variable {name} is not a setting; did you mean {meant}?");
        console.findings(&[Finding::warning(warning, format!("`export {meant}=…`, or `unset {name}`"))]);
    }
}

fn refusal(mut problems: Vec<String>) -> Error {
    let error = if problems.len() == 1 {
        Error::new(Exit::Request, problems.remove(0))
    } else {
        let error = Error::new(Exit::Request, format!("{} invalid settings", problems.len()));
        problems.into_iter().fold(error, Error::cause)
    };
    error.hint("`mesh config --schema` shows what each setting can be")
}
