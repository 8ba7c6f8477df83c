//! The table of settings in `docs/reference.md`. Compiled for tests only, which compare the page with it.

use super::{SETTINGS, Setting, define::Scope};

/// The Markdown table of all settings.
fn markdown() -> String {
    let head = "| Setting | Of | Default | Example | Meaning |\n|---|---|---|---|---|\n";
    head.to_owned() + &SETTINGS.iter().map(row).collect::<String>()
}

fn row(Setting { name, scope, help, default, example, .. }: &Setting) -> String {
    let scope = match scope {
        Scope::Mesh => "the mesh",
        Scope::Cluster => "each cluster",
        Scope::Run => "one run",
    };
    format!("| `{name}` | {scope} | {default} | `{example}` | {help} |\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::settings::{
        DEFAULT_VERSION, Overrides, Profile,
        precedence::{Source, resolve},
    };

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference.md");
    const BEGIN: &str = "<!-- settings -->\n";
    const END: &str = "<!-- /settings -->";

    #[test]
    #[expect(clippy::disallowed_methods, reason = "compares, and on request writes, a page of the documentation")]
    fn the_reference_has_every_setting() {
        let page = std::fs::read_to_string(PAGE).unwrap();
        let (before, rest) = page.split_once(BEGIN).unwrap();
        let (table, after) = rest.split_once(END).unwrap();
        if table == markdown() {
            return;
        }
        assert!(
            std::env::var_os("UPDATE_DOCS").is_some(),
            "docs/reference.md lacks a change of the settings: `UPDATE_DOCS=1 cargo test --bin mesh reference` writes it"
        );
        std::fs::write(PAGE, format!("{before}{BEGIN}{}{END}{after}", markdown())).unwrap();
    }

    /// The default that is shown begins with the one of the usual profile and version.
    #[test]
    fn the_default_that_is_shown_is_the_one_that_holds() {
        let defaults = resolve(&[(Source::Default, Overrides::defaults(Profile::default(), DEFAULT_VERSION))]);
        for one in defaults {
            let shown = one.setting.default.split(',').next().unwrap_or_default();
            assert!(one.value.is_none() || one.words() == shown, "{}: {} {shown}", one.setting.name, one.words());
        }
    }
}
