//! What a bug report needs to know of a mesh, without any secret. Pure: no I/O.

mod redact;

use std::collections::BTreeMap;

pub use self::redact::Redactor;

/// What the file begins with.
const README: &str = "\
What `mesh support` found of a mesh, for a bug report.

versions.txt      of mesh, Docker and the machine
status.json       what is there beside what was asked for (`mesh status -o json`)
plan.json         what `mesh create` would do
doctor.json       the checks of the machine
observed.txt      every fact that a plan depends on
mesh.json         what was decided
config/           the configuration files of the services
inspect/          the containers, as Docker has them
logs/             the last lines that each container wrote
failures.txt      what could not be looked at, and why

Passwords, API keys, tokens and private keys are replaced by [removed]. Names of indices, clusters and machines, addresses
and paths are not: read the files before you publish them.
";

/// Files of a bug report, by their names.
#[derive(Debug)]
pub struct Bundle {
    redactor: Redactor,
    files: BTreeMap<String, String>,
    failures: Vec<String>,
}

impl Bundle {
    pub fn new(redactor: Redactor) -> Self {
        Self { redactor, files: BTreeMap::new(), failures: Vec::new() }
    }

    /// Adds a file, without what is secret in it.
    pub fn add(&mut self, name: &str, text: &str) {
        self.files.insert(name.to_owned(), self.redactor.redact(text));
    }

    /// Adds a file, or why there is none.
    pub fn try_add(&mut self, name: &str, text: Result<String, impl std::fmt::Display>) {
        match text {
            Ok(text) => self.add(name, &text),
            Err(error) => self.failures.push(self.redactor.redact(&format!("{name}: {error}"))),
        }
    }

    /// What could not be looked at.
    pub fn failures(&self) -> &[String] {
        &self.failures
    }

    /// All files, the description first.
    pub fn files(&self) -> impl Iterator<Item = (String, String)> {
        let failures =
            (!self.failures.is_empty()).then(|| ("failures.txt".to_owned(), self.failures.join("\n") + "\n"));
        let readme = ("README.txt".to_owned(), README.to_owned());
        let files = self.files.iter().map(|(name, text)| (name.clone(), text.clone()));
        std::iter::once(readme).chain(files).chain(failures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::secret::Secret;

    #[test]
    fn what_cannot_be_looked_at_is_named_and_keeps_no_secret() {
        let mut bundle = Bundle::new(Redactor::new([Secret::new("hunter2")]));
        bundle.add("a.txt", "password hunter2\n");
        bundle.try_add("b.txt", Err::<String, _>("refused: hunter2"));
        bundle.try_add("c.txt", Ok::<_, String>("fine\n".to_owned()));
        let files: BTreeMap<String, String> = bundle.files().collect();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["README.txt", "a.txt", "c.txt", "failures.txt"]);
        assert_eq!(
            (&*files["a.txt"], &*files["failures.txt"]),
            ("password [removed]\n", "b.txt: refused: [removed]\n")
        );
        assert_eq!(bundle.failures().len(), 1);
    }
}
