//! Words from outside, as a terminal may see them: Docker, Elasticsearch and files can hold anything. Pure: no I/O.

/// Whether a character could move the cursor, change colors or turn the direction in which what follows is read; see
/// <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>.
fn is_harmful(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One line of it.
pub(super) fn line(text: &str) -> String {
    text.chars().map(|c| if c == '\n' || c == '\t' { ' ' } else { c }).filter(|c| !is_harmful(*c)).collect()
}

/// Lines of it: line ends and tabs stay.
pub(super) fn lines(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_harmful(*c)).collect()
}

/// JSON that says the same, with escapes where texts hold such characters as they are.
pub(super) fn json(text: &str) -> String {
    let escaped = |c: char| match c {
        '\n' => "\n".to_owned(),
        c if is_harmful(c) => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOSTILE: &str = "a\u{1b}[2J\u{9b}31m\u{7f}\u{202e}b\r\n\tc";

    #[test]
    fn what_a_terminal_obeys_is_taken_out() {
        assert_eq!(line(HOSTILE), "a[2J31mb  c");
        assert_eq!(lines(HOSTILE), "a[2J31mb\n\tc");
    }

    proptest! {
        #[test]
        fn json_keeps_the_text_without_control_characters(text in "[\\PC\u{0}-\u{1f}\u{7f}-\u{9f}\u{202a}-\u{202e}]{0,30}") {
            let shown = json(&serde_json::to_string_pretty(&[&text]).unwrap());
            prop_assert!(!shown.chars().any(|c| c != '\n' && is_harmful(c)));
            prop_assert_eq!(serde_json::from_str::<[String; 1]>(&shown).unwrap(), [text]);
        }
    }
}
