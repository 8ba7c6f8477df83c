//! Lines of a log as people read them. Pure.

use serde_json::Value;

/// As much of a line as is shown, in characters.
const SHOWN: usize = 400;

/// A line of a log as people read it. Elasticsearch and Kibana write JSON; what it says is in two of its fields. See
/// <https://www.elastic.co/docs/deploy-manage/monitor/logging-configuration/elasticsearch-log4j-configuration-self-managed>.
pub fn said(line: &str) -> String {
    tidy(&message(line, &parse(line)))
}

/// Everything that a line says: its message, then the lines of the stack trace inside it.
pub(super) fn parts(line: &str) -> Vec<String> {
    let parsed = parse(line);
    let trace = [&parsed["error.stack_trace"], &parsed["error"]["stack_trace"]].into_iter().find_map(Value::as_str);
    let lines = trace.unwrap_or_default().lines().map(str::to_owned);
    std::iter::once(message(line, &parsed)).chain(lines).collect()
}

/// Without what moves the cursor or says nothing, and not too long.
pub(super) fn tidy(text: &str) -> String {
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    text.strip_prefix("Caused by: ").map(str::to_owned).unwrap_or(text)
}

fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_default()
}

fn message(line: &str, parsed: &Value) -> String {
    // Elasticsearch writes the field flat, Kibana as an object
    let error = [&parsed["error.message"], &parsed["error"]["message"]].into_iter().find_map(Value::as_str);
    match (parsed["message"].as_str(), error) {
        (Some(message), Some(error)) if message != error => format!("{message}: {error}"),
        (Some(message), _) => message.to_owned(),
        (None, _) => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_json_is_told_by_its_message() {
        let line = r#"{"@timestamp": "2026", "log.level": "ERROR", "message": "fatal", "error.message": "no space\u001b[31m left"}"#;
        assert_eq!(said(line), "fatal: no space[31m left");
        assert_eq!(said("Unrecognized VM option\u{7}"), "Unrecognized VM option");
        assert_eq!(said("{\"broken"), "{\"broken");
        assert_eq!(said(r#"{"message": "same", "error": {"message": "same"}}"#), "same");
    }

    #[test]
    fn what_a_stack_trace_says_is_told_line_by_line() {
        let line = r#"{"message": "fatal", "error.message": "no", "error.stack_trace": "java.X: no\n\tat y\nCaused by: java.Z: why"}"#;
        let parts = parts(line);
        assert_eq!(parts, ["fatal: no", "java.X: no", "\tat y", "Caused by: java.Z: why"]);
        assert_eq!(tidy(&parts[3]), "java.Z: why");
    }
}
