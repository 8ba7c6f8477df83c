//! The settings that flags, the environment and a file ask for. I/O: the environment, disk, stdin; changes nothing.

use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::{
    cli::SettingsArgs,
    error::{Error, Exit},
    mesh::spec::{
        Asked,
        force::Source,
        read::{self, Lines},
    },
    world::{disk, templates},
};

/// What is asked for, whoever says it.
pub fn asked(args: &SettingsArgs) -> Result<Asked, Error> {
    Ok(sources(args)?.into_iter().map(|(_, asked)| asked).reduce(Asked::or).unwrap_or_default())
}

/// What each says, the one that counts most first. All that is wrong with them is said at once; templates that they name
/// are found and checked.
pub fn sources(args: &SettingsArgs) -> Result<Vec<(Source, Asked)>, Error> {
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

type Said = Result<(Asked, Lines), Vec<String>>;

/// The file's name for people, and what it says.
fn file(path: &Path) -> Result<(String, Said), Error> {
    let refuse = |why: &str| {
        Error::new(Exit::Request, format!("{} cannot be read: {why}", path.display()))
            .hint("name a settings file with `-f`; `-f -` reads stdin")
    };
    let (name, base, bytes) = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map_err(|error| refuse(&error.to_string()))?;
        ("stdin".to_owned(), PathBuf::new(), bytes)
    } else {
        let full = disk::resolve(path)?;
        let read = disk::read_outside(&full).map_err(|error| refuse(&error.to_string()))?;
        let bytes = read.ok_or_else(|| refuse("there is no such file"))?;
        (path.display().to_string(), full.parent().map(Path::to_owned).unwrap_or_default(), bytes)
    };
    let text = String::from_utf8(bytes).map_err(|_| refuse("it is not a text"))?;
    let said = read::file(&name, &base, &text);
    Ok((name, said))
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
