//! The block of names in `/etc/hosts`: text in, text out. Pure.
//!
//! Everything outside the two marker lines stays byte for byte. What lies between them is ours and is written anew each
//! time.

use std::net::IpAddr;

use super::name::MeshName;
use crate::{exit::Exit, explain::Explain};

/// The lines that the block of a mesh begins and ends with: those of other meshes are lines like any other.
struct Markers {
    begin: String,
    end: String,
}

impl Markers {
    fn of(name: Option<&MeshName>) -> Self {
        let name = name.map_or_else(String::new, |name| format!(" {name}"));
        Self { begin: format!("# mesh{name}: begin (made by mesh, do not edit)"), end: format!("# mesh{name}: end") }
    }
}

/// Stands in the block if the last line before it had no line end, so that removing the block gives the very bytes
/// back.
const OPEN_LINE: &str = "# mesh: the line above the block had no line end";

/// Marker lines that do not pair up: which lines are ours is unclear, so nothing is changed. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostsFileError {
    /// No end before the next begin or the end of the file.
    #[error("line {line} of the hosts file is `{begin}`, but no `{end}` follows")]
    NoEnd { line: usize, begin: String, end: String },
    #[error("line {line} of the hosts file is `{end}`, but no `{begin}` comes before it")]
    NoBegin { line: usize, begin: String, end: String },
}

impl HostsFileError {
    /// What to type next.
    pub const HINT: &str = "delete that line and the names of clusters next to it in `/etc/hosts`, and run this again";
}

impl Explain for HostsFileError {
    fn exit(&self) -> Exit {
        Exit::Unfinished
    }

    fn hint(&self) -> Option<String> {
        Some(Self::HINT.to_owned())
    }
}

/// The hosts file `text` with this block of addresses and names of the mesh `name`: in the place of the one that is
/// there, else at the end; `None` or an empty block takes it out. Several blocks become one, in the first one's place.
/// Names outside the block are not looked at.
///
/// Guarantees: `with_block(with_block(text, block), None)` is `text` again if `text` has no block, and the same block
/// twice changes nothing.
///
/// # Errors
/// Marker lines that do not pair up.
pub fn with_block(
    text: &[u8],
    name: Option<&MeshName>,
    block: Option<&[(IpAddr, String)]>,
) -> Result<Vec<u8>, HostsFileError> {
    let markers = Markers::of(name);
    let parts = Parts::of(text, &markers)?;
    let mut result = parts.before;
    let Some(block) = block.filter(|block| !block.is_empty()) else {
        // Lines that were added below the block since then must not be glued to the one above.
        if parts.open_line && parts.after.is_empty() && result.ends_with(b"\n") {
            result.pop();
        }
        result.extend(parts.after);
        return Ok(result);
    };
    let open_line = parts.open_line || !(result.is_empty() || result.ends_with(b"\n"));
    if !result.is_empty() && !result.ends_with(b"\n") {
        result.push(b'\n');
    }
    result.extend(render(&markers, block, open_line).into_bytes());
    result.extend(parts.after);
    Ok(result)
}

/// A line that leads a name elsewhere than the block does, and comes first, so that the block is not in force for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// Counted from 1.
    pub line: usize,
    pub address: IpAddr,
    pub name: String,
}

/// The lines above the place of the block that name something of it with another address; the first name of each. None
/// in a file whose marker lines do not pair up.
pub fn stale(text: &[u8], name: Option<&MeshName>, block: &[(IpAddr, String)]) -> Vec<Stale> {
    let Ok(Parts { before, .. }) = Parts::of(text, &Markers::of(name)) else { return Vec::new() };
    let stale = |(index, line): (usize, &[u8])| {
        let line = String::from_utf8_lossy(line);
        let mut words = line.split('#').next()?.split_whitespace();
        let address: IpAddr = words.next()?.parse().ok()?;
        let names: Vec<&str> = words.collect();
        let (_, name) = block
            .iter()
            .find(|(wanted, name)| *wanted != address && names.iter().any(|found| found.eq_ignore_ascii_case(name)))?;
        Some(Stale { line: index + 1, address, name: name.clone() })
    };
    before.split(|byte| *byte == b'\n').enumerate().filter_map(stale).collect()
}

struct Parts {
    before: Vec<u8>,
    after: Vec<u8>,
    open_line: bool,
}

impl Parts {
    fn of(text: &[u8], Markers { begin, end }: &Markers) -> Result<Self, HostsFileError> {
        let no_end = |line| HostsFileError::NoEnd { line, begin: begin.clone(), end: end.clone() };
        let no_begin = |line| HostsFileError::NoBegin { line, begin: begin.clone(), end: end.clone() };
        let mut parts = Self { before: Vec::new(), after: Vec::new(), open_line: false };
        let (mut begun_at, mut found) = (None, false);
        for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            // Trimmed, for an editor may have turned every line end into CRLF.
            let content = line.trim_ascii();
            match (begun_at, content == begin.as_bytes(), content == end.as_bytes()) {
                (Some(line), true, _) => return Err(no_end(line)),
                (None, _, true) => return Err(no_begin(index + 1)),
                (None, true, _) => begun_at = Some(index + 1),
                (Some(_), _, true) => (begun_at, found) = (None, true),
                // Only the first block's note speaks of the line above the place that is kept.
                (Some(_), ..) => parts.open_line |= !found && content == OPEN_LINE.as_bytes(),
                (None, ..) if found => parts.after.extend(line),
                (None, ..) => parts.before.extend(line),
            }
        }
        begun_at.map_or(Ok(parts), |line| Err(no_end(line)))
    }
}

fn render(Markers { begin, end }: &Markers, block: &[(IpAddr, String)], open_line: bool) -> String {
    let width = block.iter().map(|(address, _)| address.to_string().len()).max().unwrap_or_default();
    let names = block.iter().map(|(address, name)| format!("{address:<width$}  {name}"));
    let note = open_line.then(|| OPEN_LINE.to_owned());
    let lines = [begin.clone()].into_iter().chain(note).chain(names).chain([end.clone()]);
    lines.map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{HostsFileError, IpAddr, MeshName, OPEN_LINE, Stale};

    const BEGIN: &str = "# mesh: begin (made by mesh, do not edit)";
    const END: &str = "# mesh: end";

    type Block = [(IpAddr, String)];

    fn with_block(text: &[u8], block: Option<&Block>) -> Result<Vec<u8>, HostsFileError> {
        super::with_block(text, None, block)
    }

    fn stale(text: &[u8], block: &Block) -> Vec<Stale> {
        super::stale(text, None, block)
    }

    fn block(names: &[(&str, &str)]) -> Vec<(IpAddr, String)> {
        names.iter().map(|(address, name)| (address.parse().unwrap(), (*name).to_owned())).collect()
    }

    #[test]
    fn a_block_is_appended_padded_and_replaced_in_its_place() {
        let two = block(&[("172.30.0.10", "cluster01-elastic"), ("172.30.0.9", "cluster01-kibana")]);
        let text = with_block(b"127.0.0.1 localhost\r\n", Some(&two)).unwrap();
        let expected = "127.0.0.1 localhost\r\n# mesh: begin (made by mesh, do not edit)\n\
                        172.30.0.10  cluster01-elastic\n172.30.0.9   cluster01-kibana\n# mesh: end\n";
        assert_eq!(String::from_utf8(text.clone()).unwrap(), expected);
        let added = [&text[..], b"10.0.0.1 cluster01-elastic"].concat();
        let replaced = with_block(&added, Some(&two[..1])).unwrap();
        assert_eq!(
            String::from_utf8(replaced).unwrap(),
            expected.replace("172.30.0.9   cluster01-kibana\n", "") + "10.0.0.1 cluster01-elastic"
        );
        assert_eq!(with_block(&added, None).unwrap(), b"127.0.0.1 localhost\r\n10.0.0.1 cluster01-elastic");
        assert_eq!(with_block(&added, Some(&[])), with_block(&added, None));
    }

    #[test]
    fn a_line_without_end_comes_back_unless_lines_were_added_below() {
        let one = block(&[("::1", "cluster01-elastic")]);
        let text = with_block(b"127.0.0.1 a", Some(&one)).unwrap();
        assert_eq!(with_block(&text, None).unwrap(), b"127.0.0.1 a");
        assert_eq!(with_block(&[&text[..], b"10.0.0.1 b\n"].concat(), None).unwrap(), b"127.0.0.1 a\n10.0.0.1 b\n");
        let with_crlf = String::from_utf8(text).unwrap().replace('\n', "\r\n");
        assert_eq!(with_block(with_crlf.as_bytes(), None).unwrap(), b"127.0.0.1 a\r");
    }

    #[test]
    fn several_blocks_become_one_and_lines_between_them_stay() {
        let one = block(&[("10.0.0.2", "cluster01-elastic")]);
        let ours = with_block(b"", Some(&one)).unwrap();
        let text = [b"a\n", &ours[..], b"b\n", &ours[..], b"c\n"].concat();
        assert_eq!(with_block(&text, Some(&one)).unwrap(), [b"a\n", &ours[..], b"b\nc\n"].concat());
        assert_eq!(with_block(&text, None).unwrap(), b"a\nb\nc\n");
    }

    #[test]
    fn markers_that_do_not_pair_up_are_refused_with_their_line() {
        let one = block(&[("10.0.0.2", "cluster01-elastic")]);
        let refused = |text: String| with_block(text.as_bytes(), Some(&one)).unwrap_err().to_string();
        let no_end =
            "line 2 of the hosts file is `# mesh: begin (made by mesh, do not edit)`, but no `# mesh: end` follows";
        assert_eq!(refused(format!("a\n{BEGIN}\n10.0.0.1 mine\n")), no_end);
        assert_eq!(refused(format!("a\n{BEGIN}\nb\n{BEGIN}\nc\n{END}\n")), no_end);
        assert!(refused(format!("a\nb\n  {END}\r\n")).starts_with("line 3 of the hosts file is `# mesh: end`"));
    }

    #[test]
    fn the_blocks_of_other_meshes_are_lines_like_any_other() {
        let (name, one) = ("ci42".parse::<MeshName>().unwrap(), block(&[("10.0.0.2", "ci42-cluster01-elastic")]));
        let plain = with_block(b"a", Some(&block(&[("10.0.0.1", "cluster01-elastic")]))).unwrap();
        let both = super::with_block(&plain, Some(&name), Some(&one)).unwrap();
        let block =
            "# mesh ci42: begin (made by mesh, do not edit)\n10.0.0.2  ci42-cluster01-elastic\n# mesh ci42: end\n";
        assert_eq!(both, [&plain[..], block.as_bytes()].concat());
        assert_eq!(super::with_block(&both, Some(&name), None).unwrap(), plain);
        assert_eq!(with_block(&both, None).unwrap(), format!("a\n{block}").into_bytes());
    }

    #[test]
    fn lines_above_the_block_that_lead_elsewhere_are_stale() {
        let ours = block(&[("10.213.0.11", "cluster01-elastic"), ("10.213.0.12", "cluster02-elastic")]);
        let above = "127.0.0.1 localhost\n172.30.0.10\tother Cluster01-Elastic\r\n#172.30.0.11 cluster02-elastic\n\
                     10.213.0.12 cluster02-elastic # ours\nrubbish cluster01-elastic\n::1 cluster02-elastic.local\n";
        let found = Stale { line: 2, address: "172.30.0.10".parse().unwrap(), name: "cluster01-elastic".to_owned() };
        assert_eq!(stale(above.as_bytes(), &ours), std::slice::from_ref(&found), "the block would come below");
        let with = with_block(above.as_bytes(), Some(&ours)).unwrap();
        let below = [&with[..], b"172.30.0.11 cluster02-elastic\n"].concat();
        assert_eq!(stale(&below, &ours), [found]);
        assert_eq!(stale(format!("{above}{END}\n").as_bytes(), &ours), []);
    }

    fn hosts() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"\n".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"127.0.0.1 localhost".to_vec()),
            Just(b"# mesh: begin".to_vec()),
            Just(OPEN_LINE.as_bytes().to_vec()),
            Just(vec![0xff, 0xfe, 0]),
            proptest::collection::vec(any::<u8>(), 0..6),
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    fn blocks() -> impl Strategy<Value = Vec<(IpAddr, String)>> {
        proptest::collection::vec((any::<IpAddr>(), "cluster[0-9]{2}-(elastic|kibana)"), 0..5)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// Markers anywhere, as an editor may leave them.
        #[test]
        fn no_file_makes_it_panic_or_is_changed_without_need(
            pieces in proptest::collection::vec(prop_oneof![hosts(), Just(format!("{BEGIN}\n").into_bytes()), Just(format!("{END}\r\n").into_bytes())], 0..6),
            block in blocks(),
        ) {
            if let Ok(with) = with_block(&pieces.concat(), Some(&block)) {
                prop_assert_eq!(&with_block(&with, Some(&block)).unwrap(), &with);
            }
        }

        #[test]
        fn taking_it_out_gives_the_bytes_back(text in hosts(), first in blocks(), second in blocks(), below in "[a-z]{0,3}\n?") {
            let with_first = with_block(&text, Some(&first)).unwrap();
            let with_second = with_block(&text, Some(&second)).unwrap();
            prop_assert_eq!(&with_block(&with_first, None).unwrap(), &text);
            prop_assert_eq!(&with_block(&with_first, Some(&first)).unwrap(), &with_first);
            prop_assert_eq!(&with_block(&with_first, Some(&second)).unwrap(), &with_second);
            if !first.is_empty() {
                let added = [&with_first[..], below.as_bytes()].concat();
                prop_assert!(with_block(&added, None).unwrap().ends_with(below.as_bytes()));
                prop_assert!(with_block(&added, Some(&second)).unwrap().ends_with(below.as_bytes()));
            }
        }
    }
}
