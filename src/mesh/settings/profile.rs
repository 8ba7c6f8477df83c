//! What a mesh is for, and so how its servers are tuned. Pure: no I/O.

use std::{fmt, str::FromStr};

use super::{Memory, StackVersion};
use crate::mesh::invalid_value::InvalidValue;

/// How servers are tuned, where no setting of its own does it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Profile {
    /// For data that matters: what is in `templates/`, and nothing more.
    #[default]
    Server,
    /// For smoke tests and laptops: there soon, small, and slower under load.
    Smoke,
}

impl Profile {
    pub(super) const ALL: [Self; 2] = [Self::Server, Self::Smoke];

    /// What an Elasticsearch container may use by default.
    pub fn elastic_memory(self) -> Memory {
        match self {
            Self::Server => Memory::gibibytes(2),
            Self::Smoke => Memory::mebibytes(1536),
        }
    }

    /// What a Kibana container of this version may use by default.
    pub fn kibana_memory(self, version: StackVersion) -> Memory {
        match self {
            Self::Server => Memory::gibibytes(2),
            // a heap of 768 MiB: with 512, Kibana may not get through its boot
            Self::Smoke => Memory::mebibytes(768 * 100 / version.kibana_heap_percent()),
        }
    }

    /// Sockets of a link. Elasticsearch opens 18 in proxy mode, and links grow with the square of N; see
    /// <https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/remote-clusters>.
    pub fn sockets(self) -> u8 {
        match self {
            Self::Server => 3,
            Self::Smoke => 1,
        }
    }

    /// What a server's options tell of the profile they were rendered by; `None` if they are not of the built-in
    /// template.
    pub fn of_jvm_options(options: &str) -> Option<Self> {
        let built_in = options.starts_with("## Made by mesh ");
        let compiles_little = options.lines().any(|line| line == "-XX:TieredStopAtLevel=1");
        built_in.then_some(if compiles_little { Self::Smoke } else { Self::Server })
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "server",
            Self::Smoke => "smoke",
        })
    }
}

impl FromStr for Profile {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.to_string() == text)
            .ok_or_else(|| InvalidValue::new(format!("`{text}` is not a profile: there are `server` and `smoke`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{
        Mesh,
        settings::{MeshSpec, Overrides},
    };

    #[test]
    fn a_profile_is_recognized_by_the_options_of_its_servers() {
        for profile in Profile::ALL {
            let mut mesh = Mesh::example(1);
            mesh.spec.profile = profile;
            assert_eq!(
                Profile::of_jvm_options(
                    &mesh
                        .render_jvm_options(crate::mesh::id::ClusterId::FIRST.node(crate::mesh::id::NodeNumber::FIRST))
                        .unwrap()
                ),
                Some(profile)
            );
            assert_eq!(profile.to_string().parse(), Ok(profile));
        }
        assert_eq!(Profile::of_jvm_options("-Xmx1g\n-XX:TieredStopAtLevel=1\n"), None);
    }

    #[test]
    fn what_was_not_chosen_follows_the_profile() {
        let overrides = |profile, memory: Option<&str>| Overrides {
            profile: Some(profile),
            elastic_memory: memory.map(|memory| memory.parse().unwrap()),
            ..Overrides::default()
        };
        let memory = |spec: &MeshSpec| (spec.elastic_memory.to_string(), spec.kibana_memory.to_string());
        let one = MeshSpec::default();
        let smoke = one.clone().with(&overrides(Profile::Smoke, None));
        assert_eq!(memory(&smoke), ("1536m".to_owned(), "1g".to_owned()));
        assert_eq!(memory(&smoke.clone().with(&Overrides::default())), memory(&smoke), "it stays");
        assert_eq!(smoke.with(&overrides(Profile::Server, None)), one, "and goes back");
        let chosen = one.with(&overrides(Profile::Smoke, Some("3g"))).with(&overrides(Profile::Server, None));
        assert_eq!(memory(&chosen), ("3g".to_owned(), "2g".to_owned()), "what was chosen stays");
        let older = |version: &str| {
            let smoke = Overrides { stack_version: Some(version.parse().unwrap()), ..overrides(Profile::Smoke, None) };
            MeshSpec::default().with(&smoke).kibana_memory.to_string()
        };
        assert_eq!(["8.19.21", "9.3.9", "9.4.0"].map(older), ["1536m", "1536m", "1g"]);
    }
}
