//! The setting that a misspelled name most likely means. Pure: no I/O.

use strsim::osa_distance;

use super::{Flags, SETTINGS, Setting};

/// Variables that have a meaning besides those of settings: for `mesh`, in the shell of `mesh env`.
const OWN: [&str; 3] = ["MESH_DIR", "MESH_LOG", "MESH_CLUSTER"];

/// The setting that a name in a file is like; `None` where it is like none.
pub(super) fn setting(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase().replace(['-', ' '], "_");
    let near = |known: &&str| osa_distance(&name, known) <= 2 || (name.len() > 5 && known.starts_with(&name));
    SETTINGS.iter().map(|setting| setting.name).filter(near).min_by_key(|known| osa_distance(&name, known))
}

/// The variables among `names` that are one edit from one that is read, each with that one. Others that begin with
/// `MESH_` may be of another program.
pub fn variables(names: &[String]) -> Vec<(&str, String)> {
    let settings = SETTINGS.iter().filter(|setting| setting.flags != Flags::FileOnly);
    let known: Vec<String> = settings.map(Setting::variable).chain(OWN[..2].iter().map(ToString::to_string)).collect();
    let meant = |name: &str| {
        let upper = name.to_uppercase().replace('-', "_");
        if known.iter().any(|known| known == name) || OWN.contains(&name) {
            return None;
        }
        known.iter().find(|known| osa_distance(&upper, known) <= 1).cloned()
    };
    names.iter().filter_map(|name| Some((name.as_str(), meant(name)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_is_spelled_otherwise() {
        for (name, meant) in [
            ("elastic-memory", Some("elastic_memory")),
            ("Elastic Memory", Some("elastic_memory")),
            ("elastic_mem", Some("elastic_memory")),
            ("clsters", Some("clusters")),
            ("keydays", Some("key_days")),
            ("license", Some("license")),
            ("weather", None),
            ("x", None),
        ] {
            assert_eq!(setting(name), meant, "{name}");
        }
    }

    #[test]
    fn a_variable_that_is_spelled_otherwise() {
        let names = [
            "MESH_ELASTIC_MEMROY",
            "MESH_CLUSTER",
            "MESH_CLUSTERS",
            "MESH_LOG",
            "MESH_LOGS",
            "MESH_DIR",
            "MESH_REGISTRI",
            "mesh_bind",
            "MESH_TEST_LOCK",
            "MESH_COLOR",
            // only a file has users and links
            "MESH_USER",
            "MESH_LINKS",
            "PATH",
        ];
        let found = variables(&names.map(str::to_owned))
            .iter()
            .map(|(name, meant)| format!("{name}: {meant}"))
            .collect::<Vec<_>>();
        insta::assert_snapshot!(found.join("\n"), @r"
        MESH_ELASTIC_MEMROY: MESH_ELASTIC_MEMORY
        MESH_LOGS: MESH_LOG
        MESH_REGISTRI: MESH_REGISTRY
        mesh_bind: MESH_BIND
        ");
    }
}
