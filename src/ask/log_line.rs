//! A line of a log as people read it, and who wrote it. Pure: no I/O.

use std::fmt;

use serde_json::Value;

use crate::mesh::id::{GATEWAY, ServiceId};

/// Whose log a line is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Writer {
    Service(ServiceId),
    /// The mesh's own gateway, whose lines have no level or logger that would be read out of them.
    Gateway,
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(service) => service.fmt(f),
            Self::Gateway => f.write_str(GATEWAY),
        }
    }
}

/// What a line says. Elasticsearch and Kibana write JSON, or `[time][LEVEL][logger] message`; anything else is all
/// text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub level: Option<String>,
    /// The last part of the logger's name.
    pub logger: Option<String>,
    /// The message, and what went wrong.
    pub text: String,
}

impl LogLine {
    /// Reads a line. The JSON is ECS's, with dots in names (Elasticsearch) or as objects (Kibana); see
    /// <https://www.elastic.co/docs/deploy-manage/monitor/logging-configuration/elasticsearch-log4j-configuration-self-managed>
    /// and <https://www.elastic.co/docs/deploy-manage/monitor/logging-configuration/kibana-logging>.
    pub fn read(line: &str) -> Self {
        let parsed: Value = serde_json::from_str(line).unwrap_or_default();
        let field = |group: &str, name: &str| {
            parsed[format!("{group}.{name}")].as_str().or_else(|| parsed[group][name].as_str())
        };
        let Some(message) = parsed["message"].as_str() else { return Self::bracketed(line) };
        let error = field("error", "message").or_else(|| field("error", "stack_trace")?.lines().next());
        let text = match error {
            Some(error) if !message.contains(error) => format!("{message}: {error}"),
            _ => message.to_owned(),
        };
        Self {
            level: field("log", "level").map(plain),
            logger: field("log", "logger").map(|name| plain(last_part(name))),
            text: plain(&text),
        }
    }

    fn bracketed(line: &str) -> Self {
        let all = Self { level: None, logger: None, text: plain(line) };
        let group = |text: &str| {
            let (inner, rest) = text.strip_prefix('[')?.split_once(']')?;
            Some((inner.trim().to_owned(), rest.to_owned()))
        };
        let parts = || {
            let (time, rest) = group(line)?;
            let (level, rest) = group(&rest)?;
            let (logger, rest) = group(&rest)?;
            let is_level = !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_uppercase());
            (time.starts_with(|c: char| c.is_ascii_digit()) && is_level).then(|| Self {
                level: Some(level),
                logger: Some(plain(last_part(&logger))),
                text: plain(rest.trim_start()),
            })
        };
        parts().unwrap_or(all)
    }
}

/// A text in one line, without what could move the cursor of a terminal.
pub fn plain(text: &str) -> String {
    let text = text.trim_end();
    text.chars().map(|c| if c == '\t' || c == '\n' { ' ' } else { c }).filter(|c| !c.is_control()).collect()
}

fn last_part(logger: &str) -> &str {
    logger.rsplit('.').next().unwrap_or(logger)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(line: &str) -> String {
        let read = LogLine::read(line);
        format!("{} {} {}", read.level.unwrap_or_default(), read.logger.unwrap_or_default(), read.text)
    }

    #[test]
    fn level_logger_and_message_are_found_in_every_form() {
        insta::assert_snapshot!(shown(r#"{"@timestamp":"2026-11-22T15:09:00.744Z","log.level": "INFO","message":"project [default] remote cluster connection [cluster02] updated: CONNECTED", "ecs.version": "1.2.0","service.name":"ES_ECS","event.dataset":"elasticsearch.server","process.thread.name":"elasticsearch[cluster01-elastic][generic][T#4]","log.logger":"org.elasticsearch.transport.RemoteClusterService"}"#), @"INFO RemoteClusterService project [default] remote cluster connection [cluster02] updated: CONNECTED");
        insta::assert_snapshot!(shown(r#"{"log.level":"WARN","message":"failed","log.logger":"a.b.C","error.type":"java.io.IOException","error.stack_trace":"java.io.IOException: broken pipe\n\tat a.b.C.d(C.java:1)"}"#), @"WARN C failed: java.io.IOException: broken pipe");
        insta::assert_snapshot!(shown(r#"{"ecs":{"version":"8.11.0"},"@timestamp":"2026-11-22T15:08:57.990+00:00","message":"http server running","log":{"level":"INFO","logger":"http.server.Kibana"}}"#), @"INFO Kibana http server running");
        insta::assert_snapshot!(shown("[2026-11-22T15:08:58.487+00:00][WARN ][plugins.security] no key"), @"WARN security no key");
        insta::assert_snapshot!(shown("WARNING: Using incubator modules: jdk.incubator.vector"), @"  WARNING: Using incubator modules: jdk.incubator.vector");
        insta::assert_snapshot!(shown("[a][b][c] is no log line"), @"  [a][b][c] is no log line");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn nothing_moves_the_cursor(line in "\\PC{0,20}[\\[\\]{}\":A-Z\u{0}-\u{1f}\u{7f}-\u{9f}]{0,20}", message in any::<String>()) {
            let json = serde_json::json!({ "message": message, "log.level": message, "log.logger": message }).to_string();
            for line in [line, json] {
                prop_assert!(!shown(&line).contains(char::is_control));
            }
        }
    }
}
