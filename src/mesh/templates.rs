//! The templates of what services are configured by. Pure: no I/O.

/// Texts in place of built-in templates; `None` for the built-in one, see [`Defaults`](super::defaults::Defaults).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Templates {
    pub elasticsearch_yml: Option<String>,
    pub kibana_yml: Option<String>,
    pub jvm_options: Option<String>,
}

impl Templates {
    /// The files that can be replaced.
    pub const NAMES: [&str; 3] = ["elasticsearch.yml", "kibana.yml", "jvm.options"];

    /// The built-in ones, each with another text before and after it.
    #[cfg(test)]
    pub fn around_the_built_in(before: [&str; 3], after: [&str; 3]) -> Self {
        let defaults = super::defaults::Revision::NEWEST.defaults();
        let text = |at: usize, text: &str| Some(format!("{}{text}{}", before[at], after[at]));
        Self {
            elasticsearch_yml: text(0, defaults.elasticsearch_yml),
            kibana_yml: text(1, defaults.kibana_yml),
            jvm_options: text(2, defaults.jvm_options),
        }
    }
}
