//! Commands in hints, made to mean the same mesh in any shell. Pure: no I/O.

use std::path::PathBuf;

use serde_yaml::Value;

use crate::mesh::{name::MeshName, shell_word::shell_word};

/// How commands name a mesh.
#[derive(Debug, Clone)]
pub enum MeshOption {
    Dir(PathBuf),
    Name(MeshName),
}

/// What commands need in addition so that they are about this mesh.
#[derive(Debug, Clone, Default)]
pub struct SameMesh {
    /// ` --dir DIR`, quoted for a shell, or ` --name NAME`; nothing where commands are about this mesh anyway.
    option: String,
    /// Whether they need root, who is not the user of the next shell.
    by_sudo: bool,
}

impl SameMesh {
    /// `None` for the mesh that commands are about in any shell.
    pub fn new(option: Option<&MeshOption>) -> Self {
        let option = match option {
            Some(MeshOption::Dir(dir)) => format!(" --dir {}", shell_word(dir)),
            Some(MeshOption::Name(name)) => format!(" --name {name}"),
            None => String::new(),
        };
        Self { option, by_sudo: false }
    }

    #[must_use]
    pub fn typed_after_sudo(self, by_sudo: bool) -> Self {
        Self { by_sudo, ..self }
    }

    /// A text with every `mesh …` between backticks so completed that lacks a directory.
    pub fn in_text(&self, text: &str) -> String {
        let one = |(at, part): (usize, &str)| if at % 2 == 1 { self.in_command(part) } else { part.to_owned() };
        text.split('`').enumerate().map(one).collect::<Vec<_>>().join("`")
    }

    /// One command.
    pub fn in_command(&self, command: &str) -> String {
        let plain = command.strip_prefix("sudo ").unwrap_or(command);
        if !plain.starts_with("mesh ") {
            return command.to_owned();
        }
        let by_sudo = self.by_sudo || plain.len() < command.len();
        let is_named = plain.contains("--dir") || plain.contains("--name ") || plain == "mesh ls";
        let sudo = if by_sudo { "sudo " } else { "" };
        format!("{sudo}{plain}{}", if is_named { "" } else { self.option.as_str() })
    }

    /// All texts of a report for programs. Its remedies may be commands without anything around them.
    pub fn in_report(&self, report: Value) -> Value {
        match report {
            Value::String(text) => Value::String(self.in_text(&text)),
            Value::Sequence(values) => values.into_iter().map(|value| self.in_report(value)).collect(),
            Value::Mapping(fields) => {
                let field = |(name, value): (Value, Value)| match (name.as_str(), value) {
                    (Some("remedy"), Value::String(text)) if !text.contains('`') => {
                        (name, Value::String(self.in_command(&text)))
                    }
                    (_, value) => (name, self.in_report(value)),
                };
                Value::Mapping(fields.into_iter().map(field).collect())
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_the_directory_they_are_about() {
        let same = SameMesh::new(Some(&MeshOption::Dir("/srv/my mesh".into())));
        assert_eq!(
            same.in_text(
                "`mesh reset` removes it, `sudo mesh doctor --fix` mends; another `mesh`, `mesh reset --dir /x`"
            ),
            "`mesh reset --dir '/srv/my mesh'` removes it, `sudo mesh doctor --fix --dir '/srv/my mesh'` mends; another \
             `mesh`, `mesh reset --dir /x`"
        );
        assert_eq!(SameMesh::new(None).in_text("`mesh reset`"), "`mesh reset`");
        let same = SameMesh::new(Some(&MeshOption::Name("ci42".parse().unwrap())));
        assert_eq!(
            same.in_text("`mesh reset`, `mesh create --name x`"),
            "`mesh reset --name ci42`, `mesh create --name x`"
        );
    }

    #[test]
    fn what_was_started_by_sudo_is_typed_so_again() {
        let same = SameMesh::new(None).typed_after_sudo(true);
        assert_eq!(
            same.in_text("`mesh status`, `sudo mesh doctor --fix`, `mesh ls`; `docker ps`, another `mesh`"),
            "`sudo mesh status`, `sudo mesh doctor --fix`, `sudo mesh ls`; `docker ps`, another `mesh`"
        );
        let same = SameMesh::new(Some(&MeshOption::Dir("/x".into()))).typed_after_sudo(true);
        assert_eq!(same.in_command("mesh reset"), "sudo mesh reset --dir /x");
        assert_eq!(same.in_command("mesh reset --dir /y"), "sudo mesh reset --dir /y");
    }

    #[test]
    fn a_report_keeps_its_form() {
        let same = SameMesh::new(Some(&MeshOption::Dir("/x".into())));
        let report = serde_json::json!({
            "z": [{ "remedy": "mesh keys extend 1", "days": -3 }, { "remedy": "type `mesh create`" }],
            "a": { "reason": "mesh of 2", "up": true, "none": null, "share": 0.5 },
        });
        let value = same.in_report(serde_yaml::to_value(&report).unwrap());
        assert_eq!(
            serde_json::to_value(value).unwrap(),
            serde_json::json!({
                "z": [{ "remedy": "mesh keys extend 1 --dir /x", "days": -3 }, { "remedy": "type `mesh create --dir /x`" }],
                "a": { "reason": "mesh of 2", "up": true, "none": null, "share": 0.5 },
            })
        );
    }
}
