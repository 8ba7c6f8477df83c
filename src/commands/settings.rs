//! The settings that flags, the environment and a file ask for. I/O: the environment, disk, stdin, the
//! terminal; changes nothing.

use std::path::{Path, PathBuf};

use crate::{
    cli::SettingsArgs,
    console::Console,
    error::{Error, Exit},
    mesh::settings::{
        Overrides, near,
        precedence::Source,
        read::{self, Lines},
    },
    plan::check::Finding,
    world::{disk, templates},
};

/// What is asked for, whoever says it.
pub fn asked(args: &SettingsArgs, console: &Console) -> Result<Overrides, Error> {
    Ok(sources(args, console)?.into_iter().map(|(_, asked)| asked).reduce(Overrides::or).unwrap_or_default())
}

/// What each says, the one that counts most first. All that is wrong with them is said at once; templates that they name
/// are found and checked.
pub fn sources(args: &SettingsArgs, console: &Console) -> Result<Vec<(Source, Overrides)>, Error> {
    warn_of_misspelled(console);
    let mut sources = vec![(Source::Flag, args.asked())];
    let mut problems = Vec::new();
    let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    match read::environment(variable) {
        Ok(asked) => sources.push((Source::Environment, asked)),
        Err(found) => problems.extend(found),
    }
    if let Some(path) = &args.file {
        match file(path)? {
            (name, Ok((asked, lines))) => sources.push((Source::File { name, lines }, asked)),
            (_, Err(found)) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return Err(refusal(problems));
    }
    let named = sources.iter_mut().find_map(|(_, asked)| asked.templates.as_mut());
    if let Some(dir) = named.filter(|dir| !dir.as_os_str().is_empty()) {
        *dir = disk::resolve(dir)?;
        if dir.to_str().is_none() {
            return Err(Error::new(Exit::Request, format!("the path {} is not a text", dir.display()))
                .hint("it is recorded in `mesh.json`: give the directory another name"));
        }
        templates::read(Some(dir))?;
    }
    Ok(sources)
}

type Said = Result<(Overrides, Lines), Vec<String>>;

/// The file's name for people, and what it says.
fn file(path: &Path) -> Result<(String, Said), Error> {
    let (name, base) = match path.to_str() {
        Some("-") => ("stdin".to_owned(), PathBuf::new()),
        _ => (path.display().to_string(), disk::directory_of(path)),
    };
    let refuse = |why: &str| {
        Error::new(Exit::Request, format!("{name} cannot be read: {why}"))
            .hint("name a settings file with `-f`; `-f -` reads stdin")
    };
    let bytes = disk::read_given(path, disk::LARGEST).map_err(|error| {
        if error.is_missing() { refuse("there is no such file") } else { refuse(&error.to_string()) }
    })?;
    let text = String::from_utf8(bytes).map_err(|_| refuse("it is not a text"))?;
    let said = read::file(&name, &base, &text);
    Ok((name, said))
}

/// Variables that would be settings if they were spelled so. Those of other programs may begin with `MESH_`, too.
fn warn_of_misspelled(console: &Console) {
    let said = std::env::vars_os().filter(|(_, value)| !value.is_empty());
    let names: Vec<String> = said.filter_map(|(name, _)| name.into_string().ok()).collect();
    for (name, meant) in near::variables(&names) {
        let told = format!("the variable {name} says nothing; did you mean {meant}?");
        console.findings(&[Finding::warning(told, format!("`export {meant}=…`, or `unset {name}`"))]);
    }
}

fn refusal(mut problems: Vec<String>) -> Error {
    let told = if problems.len() == 1 {
        Error::new(Exit::Request, problems.remove(0))
    } else {
        let told = Error::new(Exit::Request, format!("{} settings cannot be", problems.len()));
        problems.into_iter().fold(told, Error::cause)
    };
    told.hint("`mesh config --schema` tells what each can be")
}
