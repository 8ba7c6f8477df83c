//! What an entry of the [table](super::table) consists of, and what is made of the entries. Pure: no I/O.

use serde_json::Value as Json;

use super::{
    DEFAULT_VERSION, Profile, SETTINGS, StackVersion,
    value::{Shape, Value},
};
use crate::mesh::invalid_value::InvalidValue;

/// A setting as the user meets it.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// As in a settings file.
    pub name: &'static str,
    pub scope: Scope,
    /// What it is, in one sentence.
    pub help: &'static str,
    /// What holds where nothing is set, for people.
    pub default: &'static str,
    /// A value as a variable of the environment holds it.
    pub example: &'static str,
    pub flags: Flags,
    pub shape: Shape,
    /// What stands for the value in the help of its flag.
    pub placeholder: &'static str,
    /// The JSON Schema of its value in a file.
    pub schema: fn() -> Json,
    /// Whether a text is a value, or an item of a list.
    pub check: fn(&str) -> Result<(), InvalidValue>,
}

/// What a setting is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All clusters of a mesh, or what they share.
    Mesh,
    /// Each cluster by itself.
    Cluster,
    /// One run, and not recorded.
    Run,
}

/// How the command line takes a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flags {
    /// By its position.
    Position,
    /// Not by itself: an option of every command names it.
    Global,
    /// `--name VALUE`
    Value,
    /// `--name` and `--no-name`, each with its help.
    Switch { off: &'static str, on: &'static str },
    /// `--name VALUE`, and `--no-name` for the empty value.
    Reset { off: &'static str },
    /// None: a file only has it.
    FileOnly,
}

impl Setting {
    pub(super) const fn new<T: Value>(
        name: &'static str,
        scope: Scope,
        help: &'static str,
        default: &'static str,
        example: &'static str,
        flags: Flags,
    ) -> Self {
        let (shape, placeholder) = (T::SHAPE, T::PLACEHOLDER);
        Self { name, scope, help, default, example, flags, shape, placeholder, schema: T::schema, check: T::check }
    }

    pub fn named(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }

    /// The setting of a name that the table has.
    pub(super) fn of(name: &str) -> &'static Self {
        Self::named(name).expect("should be a setting: the name is the table's")
    }

    /// The variable of the environment that holds it.
    pub fn variable(&self) -> String {
        format!("MESH_{}", self.name.to_uppercase())
    }

    /// The flag that sets it, without its value: `--elastic-memory`.
    pub fn flag(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }

    /// Its texts in a variable: the items of a list are separated by commas.
    pub fn texts(&self, variable: &str) -> Vec<String> {
        match self.shape {
            Shape::List | Shape::Map => variable.split(',').map(|item| item.trim().to_owned()).collect(),
            Shape::Switch | Shape::Text | Shape::Path | Shape::Mapping | Shape::Sequence | Shape::Mappings => {
                vec![variable.to_owned()]
            }
        }
    }
}

/// A text that is not a value of its setting.
#[derive(Debug, Clone)]
pub struct Flaw {
    pub setting: &'static Setting,
    /// Which item of a list it is.
    pub index: Option<usize>,
    pub reason: InvalidValue,
}

/// What defaults depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    pub profile: Profile,
    pub version: StackVersion,
    /// Whether they are for a record that has no such setting: it was made before there was one.
    pub of_record: bool,
}

impl Default for Basis {
    fn default() -> Self {
        Self { profile: Profile::default(), version: DEFAULT_VERSION, of_record: false }
    }
}

/// The settings that the first program of format 2 wrote into every record. One that came later is left out while it is
/// as in a record that lacks it, so that a record is written as it was read.
pub(super) const ALWAYS_RECORDED: [&str; 13] = [
    "stack_version",
    "registry",
    "kibana",
    "profile",
    "elastic_memory",
    "kibana_memory",
    "bind",
    "hosts",
    "share",
    "san",
    "key_days",
    "passphrase_words",
    "templates",
];

/// Code for a setting that a mesh keeps, chosen by its having an initial value.
macro_rules! recorded {
    ($initial:expr => $($code:tt)*) => { $($code)* };
}
pub(super) use recorded;

/// Makes everything of the table that is the same for every setting. A setting whose entry has a value as its default
/// is one that a mesh keeps in its [`MeshSpec`](super::MeshSpec); any other is of a run, or kept elsewhere in the
/// record.
macro_rules! settings {
    ($(
        #[doc = $help:literal]
        $name:ident: $type:ty {
            scope: $scope:ident,
            default: $default:literal $(= $initial:expr)?,
            example: $example:literal,
            flags: $flags:expr,
        }
    )*) => {
        /// Every setting, in the order that they are shown in.
        pub static SETTINGS: &[Setting] = &[$(
            Setting::new::<$type>(
                stringify!($name),
                Scope::$scope,
                $help.trim_ascii_start(),
                $default,
                $example,
                $flags,
            ),
        )*];

        /// The settings of a mesh: every field has a value.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct MeshSpec {
            $($(
                #[doc = $help]
                pub $name: recorded!($initial => $type),
            )?)*
        }

        /// What one source sets of a mesh and of the run that makes it so; `None` is "not set".
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Overrides {$(
            #[doc = $help]
            pub $name: Option<$type>,
        )*
            /// What it sets of single clusters.
            pub per_cluster: PerCluster,
        }

        impl MeshSpec {
            /// Where nothing is set but what `basis` holds.
            pub(super) fn defaults(basis: &Basis) -> Self {
                fn of<T>(basis: &Basis, initial: impl Fn(&Basis) -> T) -> T {
                    initial(basis)
                }
                Self { $($( $name: of(basis, $initial), )?)* }
            }

            /// Takes what `overrides` sets; the rest stays as it is.
            pub(in crate::mesh) fn set(&mut self, overrides: &Overrides) {
                fn set<T: Clone>(field: &mut T, value: Option<&T>) {
                    if let Some(value) = value {
                        field.clone_from(value);
                    }
                }
                $($( recorded!($initial => set(&mut self.$name, overrides.$name.as_ref())); )?)*
            }

            /// Takes what is set for a cluster on top of what is set for all of them.
            pub(in crate::mesh) fn overlay(&mut self, overrides: &Overrides) {
                fn overlay<T: Value + Clone>(field: &mut T, value: Option<&T>) {
                    if let Some(value) = value {
                        field.overlay(value);
                    }
                }
                $($( recorded!($initial => overlay(&mut self.$name, overrides.$name.as_ref())); )?)*
            }
        }

        impl serde::Serialize for MeshSpec {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                let lacking = Self::of_record(self.profile, self.stack_version);
                let mut record = to.serialize_map(None)?;
                $($( recorded!($initial =>
                    if ALWAYS_RECORDED.contains(&stringify!($name)) || self.$name != lacking.$name {
                        record.serialize_entry(stringify!($name), &self.$name)?;
                    }
                ); )?)*
                record.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for MeshSpec {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Record {
                    $($( $name: recorded!($initial => Option<$type>), )?)*
                }
                let record = Record::deserialize(from)?;
                let usual = Basis::default();
                let mut spec = Self::of_record(
                    record.profile.unwrap_or(usual.profile),
                    record.stack_version.unwrap_or(usual.version),
                );
                spec.set(&Overrides {
                    $($( $name: recorded!($initial => record.$name), )?)*
                    ..Overrides::default()
                });
                Ok(spec)
            }
        }

        impl From<MeshSpec> for Overrides {
            fn from(spec: MeshSpec) -> Self {
                Self {
                    $($( $name: recorded!($initial => Some(spec.$name)), )?)*
                    ..Self::default()
                }
            }
        }

        impl Overrides {
            /// What this sets, and where it sets nothing, what `other` sets. A list is taken whole.
            #[must_use]
            pub fn or(self, other: Self) -> Self {
                let other = other.giving_way_to(&self);
                Self { $( $name: self.$name.or(other.$name), )* per_cluster: self.per_cluster.or(other.per_cluster) }
            }

            /// Takes what `later` sets on top of this, mappings name by name.
            pub(super) fn overlay(&mut self, later: &Self) {
                fn overlay<T: Value + Clone>(field: &mut Option<T>, value: Option<&T>) {
                    match (field.as_mut(), value) {
                        (Some(field), Some(value)) => field.overlay(value),
                        (None, Some(value)) => *field = Some(value.clone()),
                        (_, None) => {}
                    }
                }
                $( overlay(&mut self.$name, later.$name.as_ref()); )*
            }

            /// This without the values that are of `defaults` and others in `instead`.
            #[must_use]
            pub(super) fn without(mut self, defaults: &Self, instead: &Self) -> Self {
                $(
                    if self.$name == defaults.$name && defaults.$name != instead.$name {
                        self.$name = None;
                    }
                )*
                self
            }

            /// What `texts` gives for each setting; relative paths are below `base`.
            ///
            /// # Errors
            /// Every text that is not a value.
            pub fn read(
                base: &Path,
                mut texts: impl FnMut(&'static Setting) -> Option<Vec<String>>,
            ) -> Result<Self, Vec<Flaw>> {
                let mut flaws = Vec::new();
                let overrides = Self {$(
                    $name: texts(Setting::of(stringify!($name))).and_then(|texts| {
                        let setting = Setting::of(stringify!($name));
                        let refused = |(index, reason)| Flaw { setting, index, reason };
                        let read = <$type as Value>::read(&texts, base);
                        read.map_err(|found| flaws.extend(found.into_iter().map(refused))).ok()
                    }),
                )*
                    per_cluster: PerCluster::default(),
                };
                if flaws.is_empty() { Ok(overrides) } else { Err(flaws) }
            }

            /// What a record says, which was accepted when it was written: a name of Elasticsearch's that is refused
            /// today may be among it. What a mesh does not keep is left out.
            pub(super) fn of_record(values: &BTreeMap<String, Json>) -> Result<Self, serde_json::Error> {
                fn of<'a, T: serde::Deserialize<'a>>(value: Option<&'a Json>) -> Result<Option<T>, serde_json::Error> {
                    value.map(T::deserialize).transpose()
                }
                Ok(Self {
                    $($( $name: recorded!($initial => of(values.get(stringify!($name)))?), )?)*
                    ..Self::default()
                })
            }

            /// Each setting that is set, with its value as a settings file has it.
            pub fn values(&self) -> BTreeMap<&'static str, Json> {
                let mut values = BTreeMap::new();
                $( values.extend(self.$name.as_ref().map(|value| (stringify!($name), value.json()))); )*
                values
            }
        }
    };
}
pub(super) use settings;
