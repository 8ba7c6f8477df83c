//! Why a container ended: the decisive line of what it wrote, matched against causes that are known. Pure.

mod known;
mod line;

pub use self::line::last_words;

use std::{borrow::Cow, fmt::Display};

use crate::{
    facts::host::MemoryLimit,
    mesh::{Mesh, id::ServiceId, layout, settings::Memory, shell_word::shell_word},
};

/// How a container ended, or was refused to start.
#[derive(Debug, Clone, Copy, Default)]
pub struct End<'a> {
    /// `None` where Docker has forgotten it.
    pub exit_code: Option<i64>,
    /// Its processes reached its limit, and the kernel ended one.
    pub out_of_memory: bool,
    /// The smallest limit of the control groups above it, as it is after the end.
    pub outer: Option<&'a MemoryLimit>,
    /// Docker's own words, where the container could not even be started.
    pub error: Option<&'a str>,
    /// What it wrote since it was last started, oldest line first.
    pub log: &'a [String],
}

/// A known cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// In the user's words: lower case, no full stop.
    pub cause: Cow<'static, str>,
    /// What says so, as people read it; `None` where it is no line of the log.
    pub line: Option<String>,
    /// What to type.
    pub remedy: String,
}

/// The exit code of a process that was ended by `SIGKILL`.
const KILLED: i64 = 137;

/// The cause of an end, if it is a known one. What comes first in the catalog is looked for in the whole log first,
/// since what goes wrong first is often logged last, or only as the cause of something else.
pub fn known(mesh: &Mesh, service: ServiceId, end: End<'_>) -> Option<Known> {
    let remedy = |remedy: &str| addressed(remedy, mesh, service);
    if let Some(outer) = outer(mesh, &end) {
        let (cause, text) = known::out_of_memory_above(outer);
        return Some(Known { cause: cause.into(), line: None, remedy: remedy(text) });
    }
    if end.out_of_memory {
        let (cause, text) = known::OUT_OF_MEMORY;
        return Some(Known { cause: cause.into(), line: None, remedy: remedy(text) });
    }
    let log: Vec<String> = end.log.iter().flat_map(|line| line::parts(line)).collect();
    let entry = known::CATALOG.iter().find_map(|(signs, cause, text)| {
        let fits = |line: &str| signs.iter().any(|sign| fits(line, sign));
        if end.error.is_some_and(fits) {
            return Some(Known { cause: (*cause).into(), line: None, remedy: remedy(text) });
        }
        let line = log.iter().find(|line| fits(line))?;
        Some(Known { cause: (*cause).into(), line: Some(line::tidy(line)), remedy: remedy(text) })
    });
    entry.or_else(|| {
        let (cause, text) = known::KILLED;
        (end.exit_code == Some(KILLED)).then(|| Known { cause: cause.into(), line: None, remedy: remedy(text) })
    })
}

/// The cause of what Docker refused to do, if it is a known one; without a service, one whose remedy is about none.
pub fn of_docker(mesh: &Mesh, service: Option<ServiceId>, words: &str) -> Option<Known> {
    let (_, cause, remedy) = known::CATALOG
        .iter()
        .filter(|(_, _, remedy)| service.is_some() || !remedy.contains('{'))
        .find(|(signs, ..)| signs.iter().any(|sign| fits(words, sign)))?;
    let remedy = service.map_or_else(|| (*remedy).to_owned(), |service| addressed(remedy, mesh, service));
    Some(Known { cause: (*cause).into(), line: None, remedy })
}

/// Whether Docker says that it can set up no network, since the rules are gone that it set when it was started.
pub fn lacks_firewall(mesh: &Mesh, words: &str) -> bool {
    of_docker(mesh, None, words).is_some_and(|known| known.cause == known::FIREWALL_GONE)
}

fn fits(text: &str, sign: &str) -> bool {
    sign.split(" … ").all(|part| text.contains(part))
}

/// The limit above a container that was killed for want of memory, where that is the one that was reached: the
/// containers can have more than it allows them all, so it comes first.
fn outer<'a>(mesh: &Mesh, end: &End<'a>) -> Option<&'a MemoryLimit> {
    let limits: u64 = mesh.services().map(|service| mesh.memory(service).bytes()).sum();
    let killed = end.out_of_memory || end.exit_code == Some(KILLED);
    end.outer.filter(|outer| killed && outer.reached && outer.bytes < limits)
}

/// Whether a server logged that it could not read its users, and so refuses every login: its index of users does not
/// exist yet. See `ReservedRealm` of Elasticsearch.
pub fn cannot_read_users(log: &[String]) -> bool {
    log.iter().any(|line| line::message_of(line).contains("failed to retrieve password hash for reserved user"))
}

/// A remedy with the names of what it is about in place of `{service}` and the like.
fn addressed(remedy: &str, mesh: &Mesh, service: ServiceId) -> String {
    [
        ("{cluster}", service.cluster().number().to_string()),
        ("{service}", mesh.container_name(service)),
        ("{server}", mesh.container_name(service.cluster().first_node())),
        ("{dir}", shell_word(mesh.dir.join(layout::service_dir(service)))),
        ("{network}", mesh.network_name()),
        ("{owner}", mesh.user()),
        ("{image}", mesh.image(service)),
        ("{more}", sized(mesh, service, twice(mesh.memory(service)))),
        ("{less}", sized(mesh, service, Memory::LEAST_OF_ELASTIC)),
        ("{size}", sized(mesh, service, "SIZE")),
    ]
    .iter()
    .fold(remedy.to_owned(), |text, (name, value)| text.replace(name, value))
}

fn twice(memory: Memory) -> Memory {
    Memory::mebibytes(2 * (memory.bytes() >> 20))
}

/// What to type to give a service so much memory, by the setting that its limit comes from.
fn sized(mesh: &Mesh, service: ServiceId, size: impl Display) -> String {
    format!("`mesh create {}`", mesh.memory_flags([service], size))
}

#[cfg(test)]
mod tests;
