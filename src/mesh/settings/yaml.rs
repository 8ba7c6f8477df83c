//! YAML as a tree whose nodes know their lines, so that an error in a nested value names its place. Pure: no I/O.
//!
//! `serde_yaml` gives the place of the first value that does not fit a type, and of no value that was read; settings
//! are judged after they were read, and all at once. Scalars stay texts here: `9.10` is a version, and not the number
//! 9.1.

use std::collections::{BTreeMap, BTreeSet};

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};
use serde_json::Value as Json;

/// Nodes that a document may have once its aliases are written out; a settings file has a few dozen.
const MOST_NODES: usize = 10_000;
/// How deep nodes may lie; a settings file needs four.
const DEEPEST: usize = 32;

/// A node and the line that it begins on, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub line: usize,
    pub value: Value,
    /// Whether it is a text in quotes or a block, so that `"1"` is no number.
    pub quoted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// No value, `~` or `null`.
    Null,
    Text(String),
    List(Vec<Node>),
    /// In the order of the file.
    Map(Vec<Entry>),
}

/// A key with its line, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    pub line: usize,
    pub value: Node,
}

impl Node {
    /// A scalar as YAML understands it; `None` of anything else. What it would write in another way stays a text:
    /// `9.10` is not 9.1.
    pub fn scalar(&self) -> Option<Json> {
        let Value::Text(text) = &self.value else { return None };
        Some(match (self.quoted, text.as_str()) {
            (false, "true" | "True" | "TRUE") => true.into(),
            (false, "false" | "False" | "FALSE") => false.into(),
            (false, _) => match serde_json::from_str::<Json>(text) {
                Ok(Json::Number(number)) if number.to_string() == *text => Json::Number(number),
                _ => text.as_str().into(),
            },
            (true, _) => text.as_str().into(),
        })
    }
}

impl Value {
    /// What it is, for messages.
    pub fn kind(&self) -> String {
        match self {
            Self::Null => "nothing".to_owned(),
            Self::Text(text) => format!("`{text}`"),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "a mapping".to_owned(),
        }
    }

    /// A text that [`parse`] reads as this value, without its lines; the text itself of a text.
    pub fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Null | Self::List(_) | Self::Map(_) => self.json().to_string(),
        }
    }

    fn json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Text(text) => Json::String(text.clone()),
            Self::List(items) => items.iter().map(|item| item.value.json()).collect(),
            Self::Map(entries) => {
                Json::Object(entries.iter().map(|entry| (entry.key.clone(), entry.value.value.json())).collect())
            }
        }
    }
}

/// A text that is not one YAML document, with the line where that shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlError {
    pub line: usize,
    pub reason: String,
}

impl YamlError {
    fn new(span: Span, reason: impl Into<String>) -> Self {
        Self { line: span.start.line(), reason: reason.into() }
    }
}

impl From<ScanError> for YamlError {
    fn from(error: ScanError) -> Self {
        Self { line: error.marker().line(), reason: error.info().to_owned() }
    }
}

/// Reads a text of one document; `Null` where there is none.
pub fn parse(text: &str) -> Result<Node, YamlError> {
    let mut tree = Tree { parser: Parser::new_from_str(text), anchors: BTreeMap::new(), nodes: 0 };
    let mut document = None;
    while let Some((event, span)) = tree.next()? {
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(..) | Event::DocumentEnd => {}
            _ if document.is_some() => return Err(YamlError::new(span, "a second document is not expected")),
            event => document = Some(tree.node(event, span, 0)?),
        }
    }
    Ok(document.unwrap_or(Node { line: 1, value: Value::Null, quoted: false }))
}

struct Tree<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// The nodes that aliases stand for, each with how many nodes it has.
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
}

impl<'a> Tree<'a> {
    /// The next event that is no comment.
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, YamlError> {
        loop {
            match self.parser.next_event().transpose()? {
                Some((Event::Comment(..) | Event::Nothing, _)) => {}
                event => return Ok(event),
            }
        }
    }

    /// The next event within a list or a map.
    fn within(&mut self, start: Span) -> Result<(Event<'a>, Span), YamlError> {
        self.next()?.ok_or_else(|| YamlError::new(start, "it does not end"))
    }

    /// The node that begins with `event`.
    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, YamlError> {
        let before = self.nodes;
        self.nodes += 1;
        let anchor = event.anchor_id();
        let mut quoted = matches!(&event, Event::Scalar(_, style, ..) if *style != ScalarStyle::Plain);
        let value = match event {
            _ if depth > DEEPEST => return Err(YamlError::new(span, "it is nested too deep")),
            Event::Alias(anchor) => {
                let (node, size) =
                    self.anchors.get(&anchor).ok_or_else(|| YamlError::new(span, "an alias of itself"))?;
                self.nodes += size;
                quoted = node.quoted;
                node.value.clone()
            }
            Event::Scalar(text, style, ..) => match (style, text.as_ref()) {
                (ScalarStyle::Plain, "" | "~" | "null" | "Null" | "NULL") => Value::Null,
                _ => Value::Text(text.into_owned()),
            },
            Event::SequenceStart(..) => Value::List(self.list(span, depth)?),
            Event::MappingStart(..) => Value::Map(self.map(span, depth)?),
            _ => return Err(YamlError::new(span, "a value is expected")),
        };
        if self.nodes > MOST_NODES {
            return Err(YamlError::new(span, "it has too many values"));
        }
        let node = Node { line: span.start.line(), value, quoted };
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, (node.clone(), self.nodes - before));
        }
        Ok(node)
    }

    fn list(&mut self, start: Span, depth: usize) -> Result<Vec<Node>, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.within(start)? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, start: Span, depth: usize) -> Result<Vec<Entry>, YamlError> {
        let (mut entries, mut keys) = (Vec::new(), BTreeSet::new());
        loop {
            let (key, line) = match self.within(start)? {
                (Event::MappingEnd, _) => return Ok(entries),
                (Event::Scalar(key, ..), span) => (key.into_owned(), span.start.line()),
                (_, span) => return Err(YamlError::new(span, "a name is expected as the key")),
            };
            if !keys.insert(key.clone()) {
                return Err(YamlError { line, reason: format!("`{key}` is set twice") });
            }
            let (event, span) = self.within(start)?;
            entries.push(Entry { key, line, value: self.node(event, span, depth + 1)? });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree in one line a node.
    fn shown(node: &Node, indent: usize) -> String {
        let more = |text: String| format!("{}{text}\n", " ".repeat(indent));
        match &node.value {
            Value::Null => more(format!("{}: nothing", node.line)),
            Value::Text(text) => more(format!("{}: {text:?}", node.line)),
            Value::List(items) => items.iter().map(|item| more("-".to_owned()) + &shown(item, indent + 2)).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|entry| more(format!("{}: {}:", entry.line, entry.key)) + &shown(&entry.value, indent + 2))
                .collect(),
        }
    }

    fn error(text: &str) -> String {
        let YamlError { line, reason } = parse(text).unwrap_err();
        format!("{line}: {reason}")
    }

    #[test]
    fn nodes_know_their_lines_and_scalars_stay_texts() {
        let text =
            "# settings\nversion: 9.10\n\noverrides:\n- clusters: 1-3,7\n  settings: {a.b: 4096, c: '~'}\n- kibana:\n";
        insta::assert_snapshot!(shown(&parse(text).unwrap(), 0), @r#"
        2: version:
          2: "9.10"
        4: overrides:
          -
            5: clusters:
              5: "1-3,7"
            6: settings:
              6: a.b:
                6: "4096"
              6: c:
                6: "~"
          -
            7: kibana:
              7: nothing
        "#);
    }

    #[test]
    fn an_alias_is_what_it_stands_for() {
        let node = parse("a: &x [1]\nb: *x\n").unwrap();
        let Value::Map(entries) = node.value else { panic!("should be a map") };
        assert_eq!(entries[0].value.value, entries[1].value.value);
    }

    #[test]
    fn texts_that_are_not_one_document() {
        insta::assert_snapshot!(error("a: 1\nb: [1\n"), @"2: unclosed bracket '['");
        insta::assert_snapshot!(error("a: 1\n---\nb: 1\n"), @"3: a second document is not expected");
        insta::assert_snapshot!(error("a: 1\nb: 2\na: 3\n"), @"3: `a` is set twice");
        insta::assert_snapshot!(error("? [a]\n: 3\n"), @"1: a name is expected as the key");
        insta::assert_snapshot!(error("a: *x\n"), @"1: while parsing node, found unknown anchor");
        insta::assert_snapshot!(error(&format!("a:\n  {}", "[".repeat(100_000))), @"2: recursion limit exceeded");
        let line = |(name, before)| format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 10].join(","));
        let lines: String = ["b", "c", "d", "e", "f"].into_iter().zip(["a", "b", "c", "d", "e"]).map(line).collect();
        let bomb = format!("a: &a [x,x,x,x,x,x,x,x,x,x]\n{lines}");
        insta::assert_snapshot!(error(&bomb), @"4: it has too many values");
    }
}
