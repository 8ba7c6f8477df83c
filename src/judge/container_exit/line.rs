//! Lines of a log as people read them. Pure.

use serde_json::Value;

/// As much of a line as is shown, in characters.
const SHOWN: usize = 400;

/// A line of a log as people read it. Elasticsearch and Kibana write JSON; what it says is in two of its fields. See
/// <https://www.elastic.co/docs/deploy-manage/monitor/logging-configuration/elasticsearch-log4j-configuration-self-managed>.
pub(super) fn message_of(line: &str) -> String {
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

/// The lines that a log ends with, as people read them: at most eight. Of a stack trace, those that name an exception,
/// and none of its calls; what comes before the last one does not count.
pub fn last_words(log: &[String]) -> Vec<String> {
    let trace = log.iter().rposition(|line| is_call(line)).map_or(0, |last| {
        let is_within = |line: &String| is_call(line) || line.trim_start().starts_with("Caused by: ");
        log[..last].iter().rposition(|line| !is_within(line)).unwrap_or_default()
    });
    let lines: Vec<&String> = log[trace..].iter().filter(|line| !is_call(line) && !line.trim().is_empty()).collect();
    // the exception comes first
    let head = usize::from(trace > 0 && lines.len() > LAST);
    let rest = lines.len().saturating_sub(LAST - head).max(head);
    lines[..head].iter().chain(&lines[rest..]).map(|line| message_of(line)).collect()
}

/// As many lines as are shown of a log's end.
const LAST: usize = 8;

/// A line of a stack trace that names a call: `at …`, `... 12 more`.
fn is_call(line: &str) -> bool {
    let trimmed = line.trim_start();
    trimmed.len() < line.len()
        && (trimmed.starts_with("at ") || (trimmed.starts_with("... ") && trimmed.trim_end().ends_with(" more")))
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
    fn a_line_of_json_is_shown_by_its_message() {
        let line = r#"{"@timestamp": "2026", "log.level": "ERROR", "message": "fatal", "error.message": "no space\u001b[31m left"}"#;
        assert_eq!(message_of(line), "fatal: no space[31m left");
        assert_eq!(message_of("Unrecognized VM option\u{7}"), "Unrecognized VM option");
        assert_eq!(message_of("{\"broken"), "{\"broken");
        assert_eq!(message_of(r#"{"message": "same", "error": {"message": "same"}}"#), "same");
    }

    #[test]
    fn the_end_of_a_log_names_exceptions_and_no_calls() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<String>>();
        let calls = "\tat org.elasticsearch.Node.start(Node.java:42)\n".repeat(20);
        let log = format!(
            "starting\njava.io.IOException: old\n{calls}started\nException in thread \"main\" java.lang.IllegalStateException: no address\n{calls}\
             Caused by: java.net.SocketException: no such device\n{calls}\t... 12 more\n\nERROR: Elasticsearch died\n"
        );
        assert_eq!(
            last_words(&lines(&log)),
            [
                "Exception in thread \"main\" java.lang.IllegalStateException: no address",
                "java.net.SocketException: no such device",
                "ERROR: Elasticsearch died"
            ]
        );
        let many = format!("java.lang.Error: why\n{calls}{}", "after\n".repeat(20));
        let words = last_words(&lines(&format!("starting\n{many}")));
        assert_eq!((words.len(), words[0].as_str(), words[7].as_str()), (8, "java.lang.Error: why", "after"));
        assert_eq!(last_words(&lines(&"line\n".repeat(20))).len(), 8);
        assert_eq!(last_words(&lines(&calls)), Vec::<String>::new());
        assert_eq!(last_words(&[]), Vec::<String>::new());
    }

    #[test]
    fn what_a_stack_trace_says_is_read_line_by_line() {
        let line = r#"{"message": "fatal", "error.message": "no", "error.stack_trace": "java.X: no\n\tat y\nCaused by: java.Z: why"}"#;
        let parts = parts(line);
        assert_eq!(parts, ["fatal: no", "java.X: no", "\tat y", "Caused by: java.Z: why"]);
        assert_eq!(tidy(&parts[3]), "java.Z: why");
    }
}
