//! Files of documents that the user names, and stdin, read piece by piece. I/O: disk, stdin.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use flate2::read::MultiGzDecoder;
use tokio::sync::mpsc::Sender;

use super::words::words;
use crate::{
    ask::load::{Event, Form, Limits, Reader, Stopped, packed, uncompressed},
    exit::Exit,
    explain::Explain,
    mesh::shell_word::file_word,
};

/// The bytes that are read at a time.
const PIECE: usize = 256 << 10;
/// How a file that gzip wrote begins; see <https://www.rfc-editor.org/rfc/rfc1952>.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A file that was named, or stdin.
#[derive(Debug, Clone)]
pub struct Given {
    path: PathBuf,
    /// The name by which ids are made: where a file is, or what stdin is called.
    pub source: String,
    /// The bytes to read; `None` where no one knows.
    pub length: Option<u64>,
}

/// How far the reading is, as others may look at it meanwhile.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The bytes that were read, as they lie on the disk.
    pub bytes: Arc<AtomicU64>,
    /// The most bytes of a request from now on.
    pub largest: Arc<AtomicUsize>,
}

impl Default for Reading {
    fn default() -> Self {
        Self { bytes: Arc::default(), largest: Arc::new(AtomicUsize::new(Limits::default().bytes)) }
    }
}

/// Why a file cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum GivenError {
    #[error("cannot read {}: {}", shown(path), words(cause))]
    Unreadable { path: PathBuf, cause: io::Error },
    #[error("{} is a directory", shown(.0))]
    Directory(PathBuf),
    /// Stdin, a pipe or a device.
    #[error("{} has no name by which the ids of its documents can be made", shown(.0))]
    Nameless(PathBuf),
    #[error("{} is compressed, and not by gzip", shown(path))]
    Packed { path: PathBuf, command: &'static str },
    #[error("{}, line {line}: the file is cut off or damaged: {}", shown(path), words(cause))]
    BrokenOff { path: PathBuf, line: u64, cause: io::Error },
}

impl Explain for GivenError {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unreadable { .. } => "name files that you may read; `-` is stdin".to_owned(),
            Self::Directory(path) => format!("name the files in it: `{}`", file_word(path.join("FILE"))),
            Self::Nameless(_) => {
                "name it with `--source`, such as `--source visits.csv`, and by the same name when it is loaded again"
                    .to_owned()
            }
            Self::Packed { path, command } => {
                let file = if path == Path::new("-") { "FILE".to_owned() } else { file_word(path) };
                format!("`{command} {file}` unpacks it; load the file that it writes")
            }
            Self::BrokenOff { .. } => {
                "the lines before it are loaded; with a whole file, the same command adds what is missing".to_owned()
            }
        })
    }
}

/// A path as messages have it.
pub fn shown(path: &Path) -> String {
    if path == Path::new("-") { "stdin".to_owned() } else { path.display().to_string() }
}

impl Given {
    /// Looks at a file, or at stdin for `-`, and whether it can be read. Without a name for its source, a file is known
    /// by where it is. Either is one name with the ending of what is compressed and without it.
    ///
    /// # Errors
    /// It is missing, a directory, may not be read, or has no name.
    pub fn look(path: &Path, source: Option<&str>) -> Result<Self, GivenError> {
        let unreadable = |cause| GivenError::Unreadable { path: path.to_owned(), cause };
        let named = source.map(|source| uncompressed(source).to_owned());
        if path == Path::new("-") {
            let source = named.ok_or_else(|| GivenError::Nameless(path.to_owned()))?;
            return Ok(Self { path: path.to_owned(), source, length: None });
        }
        let meta = fs::metadata(path).map_err(unreadable)?;
        if meta.is_dir() {
            return Err(GivenError::Directory(path.to_owned()));
        }
        if !meta.is_file() {
            let source = named.ok_or_else(|| GivenError::Nameless(path.to_owned()))?;
            return Ok(Self { path: path.to_owned(), source, length: None });
        }
        let begin = first_bytes(&mut File::open(path).map_err(unreadable)?).map_err(unreadable)?;
        require_plain(path, &begin)?;
        let full = fs::canonicalize(path).map_err(unreadable)?.to_string_lossy().into_owned();
        let source = named.unwrap_or_else(|| uncompressed(&full).to_owned());
        Ok(Self { path: path.to_owned(), source, length: Some(meta.len()) })
    }

    /// The form of its documents: by the file's name where that says it, else by the source's.
    pub fn form(&self) -> Form {
        match Form::of(&self.path.to_string_lossy()) {
            Form::Ndjson => Form::of(&self.source),
            table @ Form::Csv { .. } => table,
        }
    }

    /// How it was named.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads all of it, and hands over what comes out, as fast as that is taken. It blocks.
    ///
    /// # Errors
    /// It cannot be read to its end. What is whole before that is handed over first.
    pub fn read(&self, skip_bad: bool, reading: &Reading, to: &Sender<Event>) -> Result<(), GivenError> {
        let unreadable = |cause| GivenError::Unreadable { path: self.path.clone(), cause };
        let file: Box<dyn Read> = if self.path == Path::new("-") {
            Box::new(io::stdin().lock())
        } else {
            Box::new(File::open(&self.path).map_err(unreadable)?)
        };
        let mut file = Counted { file, bytes: Arc::clone(&reading.bytes) };
        let begin = first_bytes(&mut file).map_err(unreadable)?;
        require_plain(&self.path, &begin)?;
        let is_compressed = begin.starts_with(&GZIP);
        let whole = io::Cursor::new(begin).chain(file);
        let mut text: Box<dyn Read> =
            if is_compressed { Box::new(MultiGzDecoder::new(io::BufReader::new(whole))) } else { Box::new(whole) };
        let mut reader = Reader::new(self.form(), &self.source, skip_bad);
        let mut each = |event| to.blocking_send(event).map_err(|_| Stopped);
        let mut piece = vec![0; PIECE];
        loop {
            match text.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => {
                    reader.limit(reading.largest.load(Ordering::Relaxed));
                    if reader.feed(&piece[..count], &mut each).is_err() {
                        return Ok(());
                    }
                }
                Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
                Err(cause) => {
                    let line = reader.line();
                    let _ = reader.break_off(&mut each);
                    return Err(GivenError::BrokenOff { path: self.path.clone(), line, cause });
                }
            }
        }
        // whether more is wanted is of no interest any more
        let _ = reader.end(&mut each);
        Ok(())
    }
}

/// Requires that a file with this beginning is a text, or one that gzip compressed.
fn require_plain(path: &Path, begin: &[u8]) -> Result<(), GivenError> {
    let packed = |command| GivenError::Packed { path: path.to_owned(), command };
    packed::unpacks(begin).map_or(Ok(()), |command| Err(packed(command)))
}

/// The first bytes, as far as there are any.
fn first_bytes(file: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut begin = Vec::new();
    file.take(packed::ENOUGH as u64).read_to_end(&mut begin)?;
    Ok(begin)
}

/// Counts what is read.
struct Counted<R> {
    file: R,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};
    use tokio::sync::mpsc::channel;

    use super::*;

    fn compressed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// What comes out of a file with these bytes, as lines of requests, and how it ends.
    fn read(name: &str, bytes: &[u8]) -> (Vec<u64>, Option<String>) {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join(name);
        fs::write(&path, bytes).unwrap();
        let (to, mut from) = channel(100);
        let given = Given::look(&path, None).unwrap();
        let outcome = given.read(false, &Reading::default(), &to);
        drop(to);
        let mut lines = Vec::new();
        while let Ok(event) = from.try_recv() {
            match event {
                Event::Batch(batch) => lines.extend((0..batch.len()).map(|at| batch.line(at))),
                Event::Bad(line) | Event::BadHeader(line) => return (lines, Some(line.to_string())),
            }
        }
        (lines, outcome.err().map(|error| error.to_string().replace(temp.path().to_str().unwrap(), "")))
    }

    #[test]
    fn a_file_may_be_compressed_whatever_it_is_called() {
        let text = b"{\"n\":1}\n{\"n\":2}\n";
        for bytes in [text.to_vec(), compressed(text), [compressed(&text[..8]), compressed(&text[8..])].concat()] {
            assert_eq!(read("a.ndjson", &bytes), (vec![1, 2], None));
        }
        assert_eq!(read("a.ndjson", b""), (vec![], None));
        assert_eq!(read("a.ndjson", b"\x1f").1.unwrap(), "line 1: it is not a JSON object");
        assert_eq!(read("a.csv.gz", &compressed(b"a\n1\n2")), (vec![2, 3], None));
    }

    #[test]
    fn a_file_that_another_program_compressed_is_named_with_the_command_that_unpacks_it() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a.csv.xz");
        fs::write(&path, b"\xfd7zXZ\0\0\x04").unwrap();
        let error = Given::look(&path, None).unwrap_err();
        assert!(error.hint().unwrap().starts_with(&format!("`xz -dk {}` ", path.display())));
    }

    #[test]
    fn a_file_that_is_cut_off_is_named_and_its_whole_lines_come() {
        let line = |n: u64| format!("{{\"n\":{}}}\n", n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let text = (0..50_000).map(line).collect::<Vec<_>>().concat();
        let bytes = compressed(text.as_bytes());
        let (lines, error) = read("a.ndjson.gz", &bytes[..bytes.len() / 2]);
        assert!(lines.len() > 10_000 && lines.len() < 40_000, "{}", lines.len());
        let damaged = |lines: &[u64], why: &str| {
            Some(format!("/a.ndjson.gz, line {}: the file is cut off or damaged: {why}", lines.len() + 1))
        };
        assert_eq!(error, damaged(&lines, "incomplete deflate stream"));
        let (lines, error) = read("a.ndjson.gz", &[&bytes[..bytes.len() / 2], &[0xff; 2_000][..]].concat());
        assert!(lines.len() > 10_000 && lines.len() < 40_000, "{}", lines.len());
        assert_eq!(error, damaged(&lines, "corrupt deflate stream"));
        let (lines, error) = read("a.ndjson.gz", &[&bytes[..], b"x"].concat());
        assert_eq!((lines.len(), error), (50_000, damaged(&lines, "unexpected end of file")));
    }

    #[test]
    fn a_source_is_known_by_where_it_is() {
        let temp = tempfile::tempdir().unwrap();
        let dir = fs::canonicalize(temp.path()).unwrap();
        for name in ["a.csv", "a.csv.gz", "a.csv.GZ"] {
            fs::write(dir.join(name), b"a\n1\n").unwrap();
            let given = Given::look(&dir.join(".").join(name), None).unwrap();
            assert_eq!(given.source, dir.join("a.csv").to_str().unwrap());
            assert_eq!(given.form(), Form::Csv { separator: b',' });
            assert_eq!(Given::look(&dir.join(name), Some("b.gz")).unwrap().source, "b", "as where it was before");
        }
        assert!(matches!(Given::look(Path::new("-"), None), Err(GivenError::Nameless(_))));
        assert!(matches!(Given::look(Path::new("/dev/null"), None), Err(GivenError::Nameless(_))));
        assert!(matches!(Given::look(&dir, None), Err(GivenError::Directory(_))));
        assert!(matches!(Given::look(&dir.join("b"), None), Err(GivenError::Unreadable { .. })));
        assert_eq!(Given::look(Path::new("-"), Some("b.tsv")).unwrap().form(), Form::Csv { separator: b'\t' });
    }
}
