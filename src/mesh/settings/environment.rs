//! Settings from the environment: `MESH_ELASTIC_MEMORY=3g`. Pure: variables come in through a function.

use std::path::Path;

use super::{Flags, Overrides, Setting, define::Flaw};

/// Reads the environment: `variable` gives what a variable holds, and an empty one sets nothing. Lists are comma
/// separated.
///
/// # Errors
/// Everything that is wrong, each with its variable.
pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Overrides, Vec<String>> {
    let texts = |setting: &Setting| {
        if setting.flags == Flags::FileOnly {
            return None;
        }
        let text = variable(&setting.variable()).filter(|text| !text.is_empty())?;
        Some(setting.texts(&text))
    };
    let message = |Flaw { setting, index, reason }| {
        let item = index.map(|index| format!("[{index}]")).unwrap_or_default();
        format!("{}{item}: {reason}", setting.variable())
    };
    Overrides::read(Path::new(""), texts).map_err(|flaws| flaws.into_iter().map(message).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::cluster_set::ClusterSet;
    use crate::mesh::settings::SETTINGS;

    #[test]
    fn variables_set_what_flags_set() {
        let variables = [
            ("MESH_CLUSTERS", "3"),
            ("MESH_HOSTS", "false"),
            ("MESH_SHARE", "logs-*, metrics-*"),
            ("MESH_REGISTRY", ""),
            ("MESH_TEMPLATES", "templates"),
        ];
        let variable = |name: &str| Some(variables.iter().find(|(known, _)| *known == name)?.1.to_owned());
        let expected = Overrides {
            clusters: ClusterSet::first(3),
            hosts: Some(false),
            share: Some(vec!["logs-*".parse().unwrap(), "metrics-*".parse().unwrap()]),
            templates: Some(super::super::TemplateDir(Some("templates".into()))),
            ..Overrides::default()
        };
        assert_eq!(read(variable), Ok(expected));
    }

    #[test]
    fn every_setting_has_its_variable() {
        for setting in SETTINGS.iter().filter(|setting| setting.flags != Flags::FileOnly) {
            let variable = |name: &str| (name == setting.variable()).then(|| "a?b".to_owned());
            match read(variable) {
                Ok(overrides) => assert_eq!(overrides.values()[setting.name], "a?b"),
                Err(problems) => assert!(problems[0].starts_with(&setting.variable()), "{problems:?}"),
            }
        }
    }

    #[test]
    fn a_refused_item_of_a_list_is_named() {
        let variable = |name: &str| (name == "MESH_SHARE").then(|| "logs-*,two words".to_owned());
        insta::assert_snapshot!(read(variable).unwrap_err().join("\n"), @"MESH_SHARE[1]: `two words` is not a pattern of index names such as `logs-*`");
    }
}
