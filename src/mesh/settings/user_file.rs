//! Files that the user has and the mesh takes over: secrets for keystores, the gateway's certificate. Pure: no I/O.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{
    Overrides,
    value::{Scalar, Shape, none_where_empty},
};
use crate::mesh::invalid_value::InvalidValue;

/// The path of a file that the user has, which alone is recorded; by default there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserFile(#[serde(deserialize_with = "none_where_empty")] pub Option<PathBuf>);

impl UserFile {
    pub fn path(&self) -> Option<&Path> {
        self.0.as_deref()
    }
}

/// The empty text stands for no file.
impl Scalar for UserFile {
    const SHAPE: Shape = Shape::Path;
    const PLACEHOLDER: &'static str = "FILE";

    fn read(text: &str, base: &Path) -> Result<Self, InvalidValue> {
        Ok(Self((!text.is_empty()).then(|| base.join(text))))
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }

    fn json(&self) -> Json {
        self.0.as_ref().map(|path| path.display().to_string()).unwrap_or_default().into()
    }
}

impl Overrides {
    /// This with the files that it names below `dir`, where their paths are relative: what is recorded is read from
    /// other directories.
    #[must_use]
    pub fn with_files_below(mut self, dir: &Path) -> Self {
        fn place(overrides: &mut Overrides, dir: &Path) {
            let files = [&mut overrides.secure_settings, &mut overrides.gateway_cert, &mut overrides.gateway_key];
            for file in files.into_iter().flatten() {
                file.0 = file.0.take().map(|path| dir.join(path));
            }
        }
        place(&mut self, dir);
        let listed = self.per_cluster.overrides.iter_mut().flatten();
        for one in listed.chain(&mut self.per_cluster.set) {
            place(one.settings.overrides_mut(), dir);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::settings::per_cluster::read_set;

    #[test]
    fn paths_are_recorded_from_the_root() {
        let mut overrides = Overrides {
            secure_settings: Some(UserFile(Some("a.yaml".into()))),
            gateway_key: Some(UserFile(Some("tls.key".into()))),
            ..Overrides::default()
        };
        overrides.per_cluster.set = ["1.secure_settings=b.yaml", "2.secure_settings=/c.yaml", "3.secure_settings="]
            .map(|text| read_set(text).unwrap())
            .into();
        let placed = overrides.with_files_below(Path::new("/etc/mesh"));
        assert_eq!(placed.secure_settings, Some(UserFile(Some("/etc/mesh/a.yaml".into()))));
        assert_eq!(placed.gateway_key, Some(UserFile(Some("/etc/mesh/tls.key".into()))));
        insta::assert_snapshot!(serde_json::to_string(&placed.per_cluster.set).unwrap(), @r#"[{"clusters":"1","secure_settings":"/etc/mesh/b.yaml"},{"clusters":"2","secure_settings":"/c.yaml"},{"clusters":"3","secure_settings":""}]"#);
    }
}
