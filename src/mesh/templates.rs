//! The templates of what services are configured by, and the built-in ones. Pure: no I/O.

/// A template's text for each file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Templates {
    pub elasticsearch_yml: String,
    pub kibana_yml: String,
    pub jvm_options: String,
}

impl Default for Templates {
    /// The built-in ones.
    fn default() -> Self {
        Self {
            elasticsearch_yml: include_str!("../../templates/elasticsearch.yml").to_owned(),
            kibana_yml: include_str!("../../templates/kibana.yml").to_owned(),
            jvm_options: include_str!("../../templates/jvm.options").to_owned(),
        }
    }
}

impl Templates {
    /// The files that can be replaced.
    pub const NAMES: [&str; 3] = ["elasticsearch.yml", "kibana.yml", "jvm.options"];
}
