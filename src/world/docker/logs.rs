//! What containers write, and when they start. I/O: Docker's socket.

use std::{collections::HashMap, pin::Pin};

use bollard::{
    container::LogOutput,
    query_parameters::{EventsOptionsBuilder, LogsOptionsBuilder},
};
use futures::{Stream, StreamExt as _, future, stream};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Docker, DockerError};

/// A line that a container wrote, with Docker's time of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub at: OffsetDateTime,
    /// Without the line's end; what is not UTF-8 is replaced.
    pub line: String,
}

pub type Lines = Pin<Box<dyn Stream<Item = Result<Written, DockerError>>>>;

impl Docker {
    /// The lines that a container wrote at `since` or later, in order; with `follow`, those to come until it ends.
    pub fn logs(&self, name: &str, since: OffsetDateTime, follow: bool) -> Lines {
        let seconds = i32::try_from(since.unix_timestamp()).unwrap_or(0).max(0);
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).timestamps(true).follow(follow);
        let action = format!("read the log of {name}");
        let output = self.client.logs(name, Some(options.since(seconds).build()));
        let mut joined = Joined::default();
        let lines = output.map(Some).chain(stream::once(future::ready(None))).flat_map(move |piece| {
            stream::iter(match piece {
                Some(Ok(piece)) => joined.add(&piece).map(Ok).into_iter().collect(),
                Some(Err(cause)) => vec![Err(DockerError::refused(action.as_str())(cause))],
                None => joined.rest().map(Ok).collect(),
            })
        });
        let wanted = move |line: &Result<Written, DockerError>| {
            future::ready(line.as_ref().map_or(true, |written| written.at >= since))
        };
        Box::pin(lines.filter(wanted))
    }

    /// The names of containers that start from `since` on, as they do.
    pub fn starts(&self, since: OffsetDateTime) -> impl Stream<Item = Result<String, DockerError>> + use<> {
        let filters = HashMap::from([("type", vec!["container"]), ("event", vec!["start"])]);
        let options = EventsOptionsBuilder::default().since(&since.unix_timestamp().to_string()).filters(&filters);
        self.client.events(Some(options.build())).filter_map(|event| {
            future::ready(match event {
                Ok(event) => event.actor.and_then(|actor| actor.attributes?.remove("name")).map(Ok),
                Err(cause) => Some(Err(DockerError::refused("tell what starts")(cause))),
            })
        })
    }
}

/// Docker hands a line of more than 16 KiB out in pieces, each with a time and only the last with a line's end; see
/// `PLogMetaData` in <https://github.com/moby/moby/blob/master/daemon/logger/copier.go>.
#[derive(Debug, Default)]
struct Joined {
    /// What has no end yet, of stdout and of stderr.
    open: [Option<(OffsetDateTime, Vec<u8>)>; 2],
}

impl Joined {
    fn add(&mut self, piece: &LogOutput) -> Option<Written> {
        let open = &mut self.open[usize::from(matches!(piece, LogOutput::StdErr { .. }))];
        let (at, text) = stamped(piece.as_ref())?;
        let (_, line) = open.get_or_insert_with(|| (at, Vec::new()));
        line.extend_from_slice(text);
        if line.ends_with(b"\n") { open.take().map(written) } else { None }
    }

    /// What was never ended.
    fn rest(&mut self) -> impl Iterator<Item = Written> + use<'_> {
        self.open.iter_mut().filter_map(|open| open.take().map(written))
    }
}

/// The time before a piece, and the piece.
fn stamped(piece: &[u8]) -> Option<(OffsetDateTime, &[u8])> {
    let space = piece.iter().position(|byte| *byte == b' ')?;
    let at = OffsetDateTime::parse(std::str::from_utf8(&piece[..space]).ok()?, &Rfc3339).ok()?;
    Some((at, &piece[space + 1..]))
}

fn written((at, line): (OffsetDateTime, Vec<u8>)) -> Written {
    Written { at, line: String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn no_piece_makes_it_panic(stamp in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-][0-2][0-9]:[0-5][0-9])", text: Vec<u8>, cut: bool) {
            let mut joined = Joined::default();
            let end: &[u8] = if cut { b"" } else { b"\n" };
            for piece in [[stamp.as_bytes(), b" ", &text, end].concat(), text] {
                let _ = joined.add(&LogOutput::StdOut { message: piece.into() });
            }
            prop_assert!(joined.rest().count() <= 2);
        }
    }

    fn out(text: &'static str) -> LogOutput {
        LogOutput::StdOut { message: text.into() }
    }

    #[test]
    fn pieces_are_joined_and_stdout_and_stderr_kept_apart() {
        let mut joined = Joined::default();
        let mut lines = Vec::new();
        for piece in [
            out("2026-11-22T15:08:43.332856703Z one\n"),
            out("2026-11-22T15:08:44Z begin"),
            LogOutput::StdErr { message: "2026-11-22T15:08:44.5Z \u{fffd}\r\n".into() },
            out("2026-11-22T15:08:45Z  and end\n"),
            out("no time\n"),
            out("2026-11-22T15:08:46Z cut"),
        ] {
            lines.extend(joined.add(&piece));
        }
        lines.extend(joined.rest());
        let lines: Vec<String> =
            lines.iter().map(|written| format!("{} {}", written.at.unix_timestamp_nanos(), written.line)).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        1795360123332856703 one
        1795360124500000000 �
        1795360124000000000 begin and end
        1795360126000000000 cut
        ");
    }
}
