//! The templates of what services are configured by, and texts in place of the built-in ones. Pure: no I/O.

use std::collections::BTreeMap;

use super::{defaults::Defaults, id::ServiceKind};

/// A template that can be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Template {
    Elasticsearch,
    Kibana,
    JvmOptions,
}

impl Template {
    pub const ALL: [Self; 3] = [Self::Elasticsearch, Self::Kibana, Self::JvmOptions];

    /// The template of a service's main configuration file.
    pub fn of_settings(kind: ServiceKind) -> Self {
        match kind {
            ServiceKind::Elastic => Self::Elasticsearch,
            ServiceKind::Kibana => Self::Kibana,
        }
    }

    /// The name of its file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Elasticsearch => "elasticsearch.yml",
            Self::Kibana => "kibana.yml",
            Self::JvmOptions => "jvm.options",
        }
    }

    pub fn built_in(self, defaults: &Defaults) -> &'static str {
        match self {
            Self::Elasticsearch => defaults.elasticsearch_yml,
            Self::Kibana => defaults.kibana_yml,
            Self::JvmOptions => defaults.jvm_options,
        }
    }
}

/// Texts in place of built-in templates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Templates(BTreeMap<Template, String>);

impl Templates {
    /// These texts in the places of built-in ones, whatever they are; [`Self::with`] checks them.
    pub(super) fn unchecked(texts: impl IntoIterator<Item = (Template, String)>) -> Self {
        Self(texts.into_iter().collect())
    }

    /// The text of a template: the one in its place, else the built-in one.
    pub fn text(&self, template: Template, defaults: &Defaults) -> &str {
        self.0.get(&template).map_or(template.built_in(defaults), String::as_str)
    }

    /// The built-in ones, with one of them replaced.
    #[cfg(test)]
    pub fn of(template: Template, text: &str) -> Self {
        Self([(template, text.to_owned())].into())
    }

    /// The built-in ones, each with another text before and after it.
    #[cfg(test)]
    pub fn around_the_built_in(before: [&str; 3], after: [&str; 3]) -> Self {
        let defaults = super::defaults::Revision::FIRST.defaults();
        let texts =
            Template::ALL.into_iter().zip(before).zip(after).map(|((template, before), after)| {
                (template, format!("{before}{}{after}", template.built_in(defaults)))
            });
        Self(texts.collect())
    }
}
