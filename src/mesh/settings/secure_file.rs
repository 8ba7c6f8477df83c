//! Where the secrets for keystores are. Pure: no I/O.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{
    InvalidValue, Overrides,
    value::{Scalar, Shape},
};

/// The file of secure settings; by default none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecureFile(pub Option<PathBuf>);

impl SecureFile {
    pub fn path(&self) -> Option<&Path> {
        self.0.as_deref()
    }
}

/// The empty text stands for no file.
impl Scalar for SecureFile {
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

    fn is_unrecorded(&self) -> bool {
        self.0.is_none()
    }
}

impl Overrides {
    /// This with the files of secure settings and of the gateway that it names below `dir`, where their paths are
    /// relative: what is recorded is read from other directories.
    #[must_use]
    pub fn with_secure_files_below(mut self, dir: &Path) -> Self {
        fn place(overrides: &mut Overrides, dir: &Path) {
            if let Some(path) = overrides.secure_settings.as_mut().and_then(|file| file.0.as_mut()) {
                *path = dir.join(&*path);
            }
        }
        place(&mut self, dir);
        for file in [&mut self.gateway_cert, &mut self.gateway_key].into_iter().flatten() {
            file.0 = file.0.take().map(|path| dir.join(path));
        }
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
        let mut overrides =
            Overrides { secure_settings: Some(SecureFile(Some("a.yaml".into()))), ..Overrides::default() };
        overrides.per_cluster.set = ["1.secure_settings=b.yaml", "2.secure_settings=/c.yaml", "3.secure_settings="]
            .map(|text| read_set(text).unwrap())
            .into();
        let placed = overrides.with_secure_files_below(Path::new("/etc/mesh"));
        assert_eq!(placed.secure_settings, Some(SecureFile(Some("/etc/mesh/a.yaml".into()))));
        insta::assert_snapshot!(serde_json::to_string(&placed.per_cluster.set).unwrap(), @r#"[{"clusters":"1","secure_settings":"/etc/mesh/b.yaml"},{"clusters":"2","secure_settings":"/c.yaml"},{"clusters":"3","secure_settings":""}]"#);
    }
}
