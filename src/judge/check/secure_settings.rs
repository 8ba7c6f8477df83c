//! Whether the files of secure settings can be used. Pure.

use std::{collections::BTreeMap, path::Path};

use super::{Checked, Finding};
use crate::{
    facts::observed::{Observed, SecureSettingsFacts},
    judge::scope::Scope,
    mesh::{Mesh, id::ClusterId, shell_word::file_word},
};

/// A file that is gone takes nothing from a keystore, so it is missed only where a keystore has nothing of it.
pub fn secure_settings(mesh: &Mesh, scope: Scope, there: &Observed) -> Checked {
    let mut missing: BTreeMap<&Path, Vec<ClusterId>> = BTreeMap::new();
    let mut refused: BTreeMap<&Path, Finding> = BTreeMap::new();
    let has_of = |cluster: ClusterId, path: &Path| {
        let managed = there.files.get(&cluster).and_then(|files| files.first()?.managed.as_ref());
        managed.is_some_and(|managed| managed.path.as_deref() == Some(path))
    };
    let in_scope = scope.clusters(mesh).filter_map(|cluster| there.secure_settings.get_key_value(&cluster));
    for (cluster, facts) in in_scope {
        match facts {
            SecureSettingsFacts::Read(_) => {}
            SecureSettingsFacts::Missing(path) => missing.entry(path).or_default().push(*cluster),
            SecureSettingsFacts::Refused { path, reason, remedy } => {
                refused.insert(path, Finding::problem(reason, remedy));
            }
        }
    }
    let missing = missing.into_iter().map(|(path, clusters)| {
        let message = format!("there is no file of secure settings at {}", path.display());
        match clusters.iter().find(|cluster| !has_of(**cluster, path)) {
            None => Finding::warning(
                format!("{message}: what the keystores have of it stays"),
                format!(
                    "put it back (`chmod 600 {}`), or take its settings out of the keystores with `mesh create --no-secure-settings`",
                    file_word(path)
                ),
            ),
            Some(cluster) => Finding::problem(
                format!("{message}, and {cluster} has nothing of it yet"),
                "make it, or name another: `mesh create` with `--secure-settings FILE`; without any: \
                 `--no-secure-settings`",
            ),
        }
    });
    let findings: Vec<Finding> = missing.chain(refused.into_values()).collect();
    Checked::new("secure settings", "the files of secure settings, if any, can be read", findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::observed::{ClusterFiles, NodeFiles},
        judge::check::example::rendered,
        mesh::{id::NodeNumber, secure_settings::Managed},
    };

    #[test]
    fn a_file_that_is_gone_is_a_warning_where_its_settings_are_in_the_keystore() {
        let mesh = Mesh::example(2);
        let facts = SecureSettingsFacts::Missing("/etc/mesh/secure.yaml".into());
        let mut there = Observed::default();
        for cluster in mesh.clusters() {
            there.secure_settings.insert(cluster, facts.clone());
        }
        insta::assert_snapshot!(rendered([secure_settings(&mesh, Scope::Mesh, &there)]), @r"
        Problem: there is no file of secure settings at /etc/mesh/secure.yaml, and cluster01 has nothing of it yet
          make it, or name another: `mesh create` with `--secure-settings FILE`; without any: `--no-secure-settings`
        ");
        for cluster in mesh.clusters() {
            let managed = Managed { path: Some("/etc/mesh/secure.yaml".into()), ..Managed::default() };
            let node = NodeFiles { managed: Some(managed), ..NodeFiles::default() };
            let nodes = [(NodeNumber::FIRST, node)].into();
            there.files.insert(cluster, ClusterFiles { nodes, ..ClusterFiles::default() });
        }
        insta::assert_snapshot!(rendered([secure_settings(&mesh, Scope::Mesh, &there)]), @r"
        Warning: there is no file of secure settings at /etc/mesh/secure.yaml: what the keystores have of it stays
          put it back (`chmod 600 /etc/mesh/secure.yaml`), or take its settings out of the keystores with `mesh create --no-secure-settings`
        ");
        let refused = SecureSettingsFacts::Refused {
            path: "/etc/mesh/secure.yaml".into(),
            reason: "it has mode 644".to_owned(),
            remedy: "`chmod 600 /etc/mesh/secure.yaml`".to_owned(),
        };
        there.secure_settings.values_mut().for_each(|facts| *facts = refused.clone());
        insta::assert_snapshot!(rendered([secure_settings(&mesh, Scope::Mesh, &there)]), @r"
        Problem: it has mode 644
          `chmod 600 /etc/mesh/secure.yaml`
        ");
        let (first, second) = ("1".parse().unwrap(), "2".parse().unwrap());
        there.secure_settings.remove(&ClusterId::FIRST);
        assert_eq!(secure_settings(&mesh, Scope::Clusters(&first), &there).findings(), []);
        assert_eq!(secure_settings(&mesh, Scope::Clusters(&second), &there).findings().len(), 1);
        assert_eq!(secure_settings(&mesh, Scope::Mesh, &Observed::default()).findings(), []);
    }
}
