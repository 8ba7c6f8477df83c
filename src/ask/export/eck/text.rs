//! Documents as Kubernetes reads them: in YAML 1.1, where `off` and `1_000` are texts only in quotes. What writes them
//! knows YAML 1.2. Pure: no I/O.

use serde_json::Value;

/// Stands for a quote until the text is written: a character for private use, which no name and no value has.
const QUOTE: char = '\u{e000}';
/// The words of a truth value, in any case.
const WORDS: [&str; 6] = ["y", "yes", "on", "n", "no", "off"];

pub(super) fn documents(of: impl IntoIterator<Item = Value>) -> String {
    let text = |value: Value| {
        let text = serde_yaml::to_string(&marked(value)).expect("should be YAML: it is JSON");
        text.replace(QUOTE, "'")
    };
    of.into_iter().map(text).collect::<Vec<_>>().join("---\n")
}

fn marked(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(marked_text(text)),
        Value::Array(items) => Value::Array(items.into_iter().map(marked).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (marked_text(name), marked(value))).collect())
        }
        other => other,
    }
}

fn marked_text(text: String) -> String {
    if is_ambiguous(&text) { format!("{QUOTE}{text}{QUOTE}") } else { text }
}

/// Whether a text is something else in YAML 1.1 and not in YAML 1.2; see `resolve.go` of
/// <https://github.com/kubernetes-sigs/yaml>.
fn is_ambiguous(text: &str) -> bool {
    let is_word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    let begins = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "+-._".contains(c));
    let digits = text.trim_start_matches(['+', '-']);
    let has_base = ["0X", "0O", "0B"].iter().any(|base| digits.starts_with(base));
    is_word || (begins && is_plain && (digits.contains('_') || has_base))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_kubernetes_would_take_for_no_text_is_in_quotes() {
        let value = json!({
            "off": ["on", "No", "y", "1_000", "-0X1F", "0777", "1e3", "0x1", "~"],
            "plain": ["once", "9.5.3", "2Gi", "mesh_1", "it's", true, 7],
        });
        insta::assert_snapshot!(documents([value]), @r"
        plain:
        - once
        - 9.5.3
        - 2Gi
        - mesh_1
        - it's
        - true
        - 7
        'off':
        - 'on'
        - 'No'
        - 'y'
        - '1_000'
        - '-0X1F'
        - '0777'
        - '1e3'
        - '0x1'
        - '~'
        ");
    }
}
