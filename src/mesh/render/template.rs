//! One template and the values for it make a text, or an error with its line. Pure: no I/O.

use minijinja::{Environment, ErrorKind, UndefinedBehavior};

use crate::{exit::Exit, explain::Explain, mesh::id::ServiceId};

/// A template that makes no text, or not the text it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    #[error("{name}:{line}: {reason}")]
    Template { name: &'static str, line: usize, reason: String },
    /// The mesh that was asked for the texts has no such service.
    #[error("{0} is not a service of the mesh")]
    NoService(ServiceId),
    #[error("{name} does not render to valid YAML for {service}: {reason}")]
    NoYaml { name: &'static str, service: ServiceId, reason: String },
    #[error("{name} sets `{setting}` already, and so do the lines that are added to it for {service}")]
    SetTwice { name: &'static str, service: ServiceId, setting: String },
    #[error("{name} lets {service} find no other nodes, and its cluster has several")]
    NoDiscovery { name: &'static str, service: ServiceId },
}

/// Templates are checked before anything is changed, with other values: this one fails with those of the mesh at hand.
impl Explain for RenderError {
    fn exit(&self) -> Exit {
        Exit::Unfinished
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoDiscovery { .. } => {
                "write `discovery.type: single-node` where `discovery == \"single-node\"`, else \
                                         `discovery.seed_providers: file`, as the built-in template does"
                    .to_owned()
            }
            _ => "correct it, and type the same command again".to_owned(),
        })
    }

    fn message(&self) -> String {
        format!("a template does not render: {self}")
    }
}

/// Renders a template with every substituted value quoted as JSON, which is YAML too. An undefined variable is an
/// error.
pub(in crate::mesh) fn render(
    name: &'static str,
    template: &str,
    values: &minijinja::Value,
) -> Result<String, RenderError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_keep_trailing_newline(true);
    environment.render_named_str(name, template, values).map_err(|error| {
        let known = || values.try_iter().into_iter().flatten().map(|name| format!("`{name}`")).collect::<Vec<_>>();
        let reason = match (error.kind(), error.detail()) {
            (ErrorKind::UndefinedError, _) => format!("undefined variable; available: {}", known().join(", ")),
            // a detail about values could give a password away
            (ErrorKind::InvalidOperation, _) | (_, None) => error.kind().to_string(),
            (_, Some(detail)) => detail.to_owned(),
        };
        RenderError::Template { name, line: error.line().unwrap_or(1), reason }
    })
}
