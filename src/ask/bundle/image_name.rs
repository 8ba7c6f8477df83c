//! Names of images, as `mesh bundle` takes them. Pure: no I/O.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::mesh::{invalid_value::InvalidValue, settings::Registry};

/// A repository with a tag, by the grammar of <https://pkg.go.dev/github.com/distribution/reference>.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageName {
    repository: String,
    tag: String,
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.repository, self.tag)
    }
}

impl From<ImageName> for String {
    fn from(name: ImageName) -> Self {
        name.to_string()
    }
}

impl TryFrom<String> for ImageName {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl FromStr for ImageName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let refuse =
            |why: &str| InvalidValue::new(format!("`{text}` is not an image such as `nginx:1.29`: expected {why}"));
        if text.contains('@') {
            return Err(refuse("a tag in place of a digest, since digests are lost on the way"));
        }
        let (repository, tag) = match text.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, tag),
            _ => (text, "latest"),
        };
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if tag.is_empty() || tag.len() > 128 || !tag.starts_with(is_word) {
            return Err(refuse("a tag behind the colon"));
        }
        if !tag.chars().all(|c| is_word(c) || ".-".contains(c)) {
            return Err(refuse("letters, digits, `_`, `.` and `-` in the tag"));
        }
        let (first, rest) = repository.split_once('/').unwrap_or((repository, ""));
        let (host, port) = match first.split_once(':') {
            Some((host, port)) if !rest.is_empty() => (host, port),
            _ => (first, "1"),
        };
        let is_part = |part: &str| {
            let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            part.starts_with(ends) && part.ends_with(ends) && part.chars().all(|c| ends(c) || "._-".contains(c))
        };
        let port_fits = port.bytes().all(|c| c.is_ascii_digit()) && !port.is_empty();
        if !port_fits || !is_part(host) || !(repository == first || rest.split('/').all(is_part)) {
            return Err(refuse("lower-case letters, digits, `.`, `_` and `-`, with slashes between"));
        }
        Ok(Self { repository: repository.to_owned(), tag: tag.to_owned() })
    }
}

impl ImageName {
    pub fn repository(&self) -> &str {
        &self.repository
    }

    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The name below the registry that it is of: without `registry` where that is the one, else without its host.
    pub fn below(&self, registry: &Registry) -> String {
        let below = self.repository.strip_prefix(&format!("{registry}/"));
        let below = below.unwrap_or_else(|| match self.repository.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => rest,
            _ => &self.repository,
        });
        format!("{below}:{}", self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        text.parse::<ImageName>().map(|name| name.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_image_has_a_tag() {
        for (text, read_as) in [
            ("nginx", "nginx:latest"),
            ("nginx:1.29", "nginx:1.29"),
            ("docker.elastic.co/kibana/kibana:9.5.3", "docker.elastic.co/kibana/kibana:9.5.3"),
            ("localhost:5000/a_b/c.d-e", "localhost:5000/a_b/c.d-e:latest"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(read_as));
        }
        for wrong in [
            "", ":1", "a:", "A", "a/", "/a", "a//b", "../a", "a/../b", "a:1/b c", "a?b", "a:-", "a b", "h:x/a", "a:b:c",
        ] {
            assert!(read(wrong).is_err(), "{wrong}: {:?}", read(wrong));
        }
        insta::assert_snapshot!(read("a@sha256:00").unwrap_err(), @"`a@sha256:00` is not an image such as `nginx:1.29`: expected a tag in place of a digest, since digests are lost on the way");
        insta::assert_snapshot!(read("Nginx:1").unwrap_err(), @"`Nginx:1` is not an image such as `nginx:1.29`: expected lower-case letters, digits, `.`, `_` and `-`, with slashes between");
    }

    #[test]
    fn a_name_below_a_registry_is_what_another_registry_has_it_by() {
        let below = |name: &str, registry: &str| name.parse::<ImageName>().unwrap().below(&registry.parse().unwrap());
        assert_eq!(below("docker.elastic.co/kibana/kibana:9.5.3", "docker.elastic.co"), "kibana/kibana:9.5.3");
        assert_eq!(below("vm:5000/elastic/kibana/kibana:1", "vm:5000/elastic"), "kibana/kibana:1");
        assert_eq!(below("mesh.local/kibana/kibana:1", "docker.elastic.co"), "kibana/kibana:1");
        assert_eq!(below("library/nginx:1", "docker.elastic.co"), "library/nginx:1");
        assert_eq!(below("nginx:1", "docker.elastic.co"), "nginx:1");
    }
}
