//! Texts in unit files of systemd, see `systemd.syntax(7)`. Pure: no I/O.

use std::path::Path;

/// A path as one word of a command in a unit, which is no shell's.
pub fn word(of: &Path) -> String {
    path(of).replace('$', "$$")
}

/// A path as one word of a list in a unit.
pub fn path(of: &Path) -> String {
    let text = of.to_string_lossy().replace('%', "%%");
    let plain = text.chars().all(|c| !c.is_whitespace() && !matches!(c, '"' | '\'' | '\\'));
    if plain { text } else { format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_one_word() {
        assert_eq!(word(Path::new(r#"/a "b"\$x%"#)), r#""/a \"b\"\\$$x%%""#);
        assert_eq!(word(Path::new("/mnt/data/mesh")), "/mnt/data/mesh");
    }
}
