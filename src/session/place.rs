//! Which mesh a command is about: its directory and its name. I/O: the environment, disk; changes nothing.

#![expect(clippy::disallowed_methods, reason = "variables tell where meshes live")]

use std::path::{Path, PathBuf};

use super::recorded::Recorded;
use crate::{
    ask::export::systemd::Runner,
    cli::Cli,
    console::MeshOption,
    error::{Error, Exit},
    mesh::{Mesh, name::MeshName, shell_word::shell_word},
    world::{disk, words::words},
};

/// Where a mesh of root lives.
const ROOT_DIR: &str = "/mnt/data/mesh";

/// Where a mesh lives, and what stands in front of the names of its things.
#[derive(Debug, Clone)]
pub struct Place {
    pub dir: PathBuf,
    pub name: Option<MeshName>,
}

impl Place {
    /// `--name` and `--dir` come before their variables. A directory alone tells the name by its record, a name alone
    /// the directory; where both are given, they have to be of one mesh.
    pub fn of(cli: &Cli) -> Result<Self, Error> {
        let typed = cli.typed;
        match (&cli.dir, &cli.name) {
            (None, None) => Ok(Self::of_dir(default_dir()?)),
            (Some(dir), None) => Ok(Self::of_dir(dir.clone())),
            // the flag is about one mesh, and the variable of the other kind about any
            (Some(_), Some(name)) if typed.name && !typed.dir => Self::of_name(name),
            (Some(dir), Some(name)) if typed.dir && !typed.name => {
                let name = recorded(dir).map_or_else(|| Some(name.clone()), |mesh| mesh.name);
                Ok(Self { dir: dir.clone(), name })
            }
            (None, Some(name)) => Self::of_name(name),
            (Some(dir), Some(name)) => Self::of_one(dir.clone(), name),
        }
    }

    fn of_dir(dir: PathBuf) -> Self {
        Self { name: recorded(&dir).and_then(|mesh| mesh.name), dir }
    }

    fn of_name(name: &MeshName) -> Result<Self, Error> {
        Self::of_one(named_dir(name)?, name)
    }

    fn of_one(dir: PathBuf, name: &MeshName) -> Result<Self, Error> {
        let Some(other) = recorded(&dir).filter(|mesh| mesh.name.as_ref() != Some(name)) else {
            return Ok(Self { dir, name: Some(name.clone()) });
        };
        let called = other.name.map_or_else(|| "has no name".to_owned(), |other| format!("is called {other}"));
        let message = format!("the mesh in {} {called}, and not {name}", dir.display());
        let by = |option: &str| without(&["--name", "--dir"]) + option;
        Err(Error::new(Exit::Request, message).hint(format!(
            "name one of them: `{}` or `{}`, without the variables MESH_NAME and MESH_DIR",
            by(&format!(" --dir {}", shell_word(&dir))),
            by(&format!(" --name {name}"))
        )))
    }

    /// What commands have to name so that they are about this mesh in any shell; `None` where they need nothing.
    pub fn option(&self, cli: &Cli) -> Option<MeshOption> {
        if let Some(name) = &self.name
            && named_dir(name).is_ok_and(|dir| dir == self.dir)
        {
            return Some(MeshOption::Name(name.clone()));
        }
        let dir = std::path::absolute(cli.dir.as_ref()?).ok()?;
        let set = |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty());
        let elsewhere = set("MESH_DIR").is_some_and(|other| *other != *dir) || set("MESH_NAME").is_some();
        (elsewhere || default_dir().ok().as_ref() != Some(&dir)).then_some(MeshOption::Dir(dir))
    }

    /// What was typed, for root to type about this mesh: the default directory of root is another one.
    pub fn typed_for_root(&self) -> String {
        format!("sudo {} --dir {}", without(&["--name", "--dir"]), shell_word(&self.dir))
    }

    /// A settings file tells which mesh it is for, and never leads to another one than was named.
    pub fn require(&self, name: Option<&MeshName>) -> Result<(), Error> {
        let Some(name) = name.filter(|name| self.name.as_ref() != Some(name)) else { return Ok(()) };
        let here = self.name.as_ref().map_or_else(|| "the one without a name".to_owned(), ToString::to_string);
        Err(Error::new(Exit::Request, format!("the settings are for the mesh {name}, and this is {here}"))
            .hint(format!("`{} --name {name}`, or take `name` out of the settings", without(&["--name", "--dir"]))))
    }
}

pub(super) fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
}

pub(super) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Whether `sudo` started this very program, and no shell of root's: what is typed next is typed by another user.
pub fn is_by_sudo() -> bool {
    let command = std::env::var_os("SUDO_COMMAND").unwrap_or_default();
    is_root() && is_mesh(&command.to_string_lossy())
}

fn is_mesh(command: &str) -> bool {
    let program = command.split(' ').next().map(Path::new);
    program.and_then(Path::file_name).is_some_and(|name| name == "mesh")
}

/// The program that runs, with its whole path.
pub fn program() -> Result<PathBuf, Error> {
    std::env::current_exe().map_err(|error| {
        Error::new(Exit::Machine, "the path of this program is unknown")
            .cause(words(&error))
            .hint("name it with `--program`")
    })
}

/// Who runs this program, and so what it starts by others.
pub fn runner() -> Result<Runner, Error> {
    if is_root() {
        return Ok(Runner::Root);
    }
    let home = home().ok_or_else(|| {
        Error::new(Exit::Request, "there is no home directory to keep locks in").hint("set HOME, or type it as root")
    })?;
    Ok(Runner::User { uid: nix::unistd::geteuid().as_raw(), home })
}

/// The directory of the mesh without a name.
pub fn default_dir() -> Result<PathBuf, Error> {
    if is_root() {
        return Ok(ROOT_DIR.into());
    }
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    data.or_else(|| home().map(|home| home.join(".local/share"))).map(|data| data.join("mesh")).ok_or_else(|| {
        Error::new(Exit::Request, "there is no home directory to keep the mesh in")
            .hint("name a directory with `--dir`")
    })
}

/// The name whose directory this is, whatever is in it.
pub(super) fn name_of_dir(dir: &Path) -> Option<MeshName> {
    let name: MeshName = dir.file_name()?.to_str()?.strip_prefix("mesh-")?.parse().ok()?;
    let own = disk::resolve(&named_dir(&name).ok()?).ok()?;
    (disk::resolve(dir).ok()? == own).then_some(name)
}

/// The directory of a mesh with a name, beside the one of the mesh without.
fn named_dir(name: &MeshName) -> Result<PathBuf, Error> {
    Ok(default_dir()?.with_file_name(format!("mesh-{name}")))
}

/// The mesh that is recorded in a directory; `None` where no record can be read.
fn recorded(dir: &Path) -> Option<Mesh> {
    Some(Recorded::open(dir).ok()?.mesh)
}

/// What was typed, as a command, without these options and their values.
fn without(options: &[&str]) -> String {
    let mut words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let mut kept = vec!["mesh".to_owned()];
    while let Some(word) = words.next() {
        if options.contains(&word.as_str()) {
            words.next();
        } else if !options.iter().any(|option| word.starts_with(&format!("{option}="))) {
            kept.push(shell_word(word));
        }
    }
    kept.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sudo_is_known_by_what_it_started() {
        assert!(is_mesh("/usr/local/bin/mesh create 2") && is_mesh("mesh"));
        assert!(!is_mesh("/bin/bash") && !is_mesh("/srv/mesh/scripts/quickstart") && !is_mesh(""));
    }
}
