//! Where images come from. Pure: no I/O.

use std::{fmt, str::FromStr};

use crate::mesh::invalid_value::InvalidValue;

const DEFAULT: &str = "docker.elastic.co";

/// A registry's host, optionally with a port and a path: what Docker reads as one, by the grammar of
/// <https://pkg.go.dev/github.com/distribution/reference>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry(String);

impl Default for Registry {
    fn default() -> Self {
        Self(DEFAULT.to_owned())
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Registry {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let text = text.trim_end_matches('/');
        let refuse = |why: &str| {
            let good = format!("`{DEFAULT}` or `registry.local:5000/elastic`");
            InvalidValue::new(format!("`{text}` is not a registry such as {good}{why}"))
        };
        if text.chars().any(|c| c.is_ascii_uppercase()) {
            return Err(refuse(": it is written in lower case"));
        }
        let mut parts = text.split('/');
        let first = parts.next().unwrap_or_default();
        let (host, port) = first.split_once(':').map_or((first, None), |(host, port)| (host, Some(port)));
        // digits only, where parsing takes a sign, too
        let is_port =
            |port: &str| port.bytes().all(|c| c.is_ascii_digit()) && port.parse().is_ok_and(|port: u16| port > 0);
        if !port.is_none_or(is_port) {
            return Err(refuse(if port == Some("") { "" } else { ": a port is 1 to 65535" }));
        }
        if !host.split('.').all(is_label) || !parts.all(is_path_part) {
            return Err(refuse(""));
        }
        Ok(Self(text.to_owned()))
    }
}

impl Registry {
    /// The host with its port.
    pub fn host(&self) -> &str {
        self.0.split('/').next().unwrap_or(&self.0)
    }

    /// Whether Docker takes it for a part of Docker Hub; see [`is_host`].
    pub fn is_on_docker_hub(&self) -> bool {
        !is_host(self.host())
    }
}

/// The host of an image's registry that Docker takes for a name on Docker Hub. There, names have two parts at most.
pub fn meant_as_a_host(image: &str) -> Option<&str> {
    let (first, rest) = image.split_once('/')?;
    (rest.contains('/') && !is_host(first)).then_some(first)
}

/// The host of an image's registry, as Docker reads it: the first part of its name, if that looks like a host.
pub fn registry_of(image: &str) -> &str {
    match image.split_once('/') {
        Some((first, _)) if is_host(first) => first,
        _ => "docker.io",
    }
}

/// Whether Docker takes the first part of an image's name for a host: it has a dot or a port, or is `localhost`; see
/// `splitDockerDomain` in <https://github.com/distribution/reference/blob/main/normalize.go>.
fn is_host(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost"
}

fn is_letter_or_digit(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

/// A part of a host's name: hyphens only inside.
fn is_label(label: &str) -> bool {
    begins_and_ends(label) && label.chars().all(|c| is_letter_or_digit(c) || c == '-')
}

/// A part of a path: words with `.`, `_`, `__` or any number of hyphens between them.
fn is_path_part(part: &str) -> bool {
    let separates_twice = ["..", "___", "._", "_.", ".-", "-.", "_-", "-_"].iter().any(|two| part.contains(two));
    begins_and_ends(part) && !separates_twice && part.chars().all(|c| is_letter_or_digit(c) || "._-".contains(c))
}

fn begins_and_ends(text: &str) -> bool {
    text.starts_with(is_letter_or_digit) && text.ends_with(is_letter_or_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_docker_takes_for_none_is_named() {
        assert_eq!(meant_as_a_host("mirror/kibana/kibana:9.5.3"), Some("mirror"));
        for other in ["nginx:1.28.0", "nginxinc/nginx:1", "mirror:5000/kibana/kibana:1", "mesh.local/kibana/kibana:1"] {
            assert_eq!(meant_as_a_host(other), None, "{other}");
        }
    }

    #[test]
    fn the_registry_of_an_image() {
        for (image, registry) in [
            ("docker.elastic.co/kibana/kibana:9.5.3", "docker.elastic.co"),
            ("localhost/kibana:1", "localhost"),
            ("vm:5000/kibana:1", "vm:5000"),
            ("elastic/kibana:1", "docker.io"),
            ("kibana", "docker.io"),
        ] {
            assert_eq!(registry_of(image), registry);
        }
    }

    #[test]
    fn a_registry_is_what_docker_reads_as_one() {
        for fits in
            ["docker.elastic.co", "localhost:5000", "r", "10.0.0.7:65535/elastic/x-y", "vm.local/a.b/c__d/e--f/"]
        {
            assert!(fits.parse::<Registry>().is_ok(), "{fits}");
        }
        for wrong in [
            "",
            "/",
            ":5000",
            "../x",
            "r/../x",
            "r/..",
            "r//x",
            "-r",
            "r-.x",
            "r..x",
            "r:",
            "r:0",
            "r:+80",
            "r:a",
            "r:1:2",
            "r/X",
            "r/_x",
            "r/x_",
            "r/x._y",
            "r/x___y",
            "a b",
            "https://x",
            "a\tb",
            "r/x:1",
            "r@x",
            "ü.local",
        ] {
            assert!(wrong.parse::<Registry>().is_err(), "{wrong:?}");
        }
        let on_hub = |text: &str| text.parse::<Registry>().unwrap().is_on_docker_hub();
        assert!(["r", "registry", "library/x", "localhosts"].into_iter().all(on_hub));
        assert!(!["r:5000", "r.local/x", "localhost", "localhost/x", "docker.io", "10.0.0.7"].into_iter().any(on_hub));
        let refusal = |text: &str| text.parse::<Registry>().unwrap_err().to_string();
        insta::assert_snapshot!(refusal("Registry.local"), @"`Registry.local` is not a registry such as `docker.elastic.co` or `registry.local:5000/elastic`: it is written in lower case");
        insta::assert_snapshot!(refusal("r:99999"), @"`r:99999` is not a registry such as `docker.elastic.co` or `registry.local:5000/elastic`: a port is 1 to 65535");
        insta::assert_snapshot!(refusal("../x"), @"`../x` is not a registry such as `docker.elastic.co` or `registry.local:5000/elastic`");
    }
}
