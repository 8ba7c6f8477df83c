//! Words of Kubernetes that users type. Pure: no I/O.

use std::{fmt, str::FromStr};

use crate::{
    ask::export::prometheus::job,
    mesh::{invalid_value::InvalidValue, name::MeshName},
};

/// A namespace: a DNS label; see <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace(String);

impl Namespace {
    /// The namespace of a mesh, unless another one is named: clusters of any two meshes are called alike.
    pub fn of(name: Option<&MeshName>) -> Self {
        Self(job(name))
    }
}

impl FromStr for Namespace {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let ends = text.starts_with('-') || text.ends_with('-');
        if text.is_empty() || text.len() > 63 || ends || !text.chars().all(fits) {
            return Err(InvalidValue::new(format!(
                "`{text}` is not a namespace such as `mesh`: 1 to 63 of `a-z`, `0-9` and `-`, and no `-` at either end"
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A storage class: a DNS subdomain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageClass(String);

impl FromStr for StorageClass {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text.len() > 253 || !text.split('.').all(|label| label.parse::<Namespace>().is_ok()) {
            return Err(InvalidValue::new(format!(
                "`{text}` is not a storage class such as `fast-ssd`: `a-z`, `0-9`, `-` and `.`, and letters or digits at either end"
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for StorageClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The size of a volume, as Kubernetes has it: a whole number with `Mi`, `Gi`, `Ti`, `M`, `G` or `T`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeSize(String);

impl FromStr for VolumeSize {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let unit = ["Mi", "Gi", "Ti", "M", "G", "T"].into_iter().find(|unit| text.ends_with(unit));
        let number = unit.and_then(|unit| text.strip_suffix(unit)?.parse::<u32>().ok()).filter(|number| *number > 0);
        if number.is_none() {
            return Err(InvalidValue::new(format!("`{text}` is not the size of a volume such as `50Gi`")));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for VolumeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mesh_has_a_namespace_of_its_own() {
        let longest: MeshName = "a".repeat(30).parse().unwrap();
        for (name, namespace) in [(None, "mesh".to_owned()), (Some(&longest), format!("mesh-{longest}"))] {
            assert_eq!(Ok(Namespace::of(name)), namespace.parse::<Namespace>());
        }
    }

    #[test]
    fn what_kubernetes_would_refuse_is_refused() {
        for text in ["", "-a", "a-", "A", "a.b", "a b", &"a".repeat(64)] {
            assert!(text.parse::<Namespace>().is_err(), "{text}");
        }
        assert_eq!("data-mesh2".parse::<Namespace>().unwrap().to_string(), "data-mesh2");
        for text in ["", "a b", "A", "a..b", ".a", "a-", &"a.".repeat(127)] {
            assert!(text.parse::<StorageClass>().is_err(), "{text}");
        }
        assert_eq!("fast.ssd-2".parse::<StorageClass>().unwrap().to_string(), "fast.ssd-2");
        for text in ["", "10", "0Gi", "-1Gi", "1.5Gi", "10 Gi", "10gi", "Gi"] {
            assert!(text.parse::<VolumeSize>().is_err(), "{text}");
        }
        assert_eq!("50Gi".parse::<VolumeSize>().unwrap().to_string(), "50Gi");
    }
}
