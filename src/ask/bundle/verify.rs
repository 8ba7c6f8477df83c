//! Whether a bundle is whole, found out piece by piece in one reading. Pure: no I/O.

use std::collections::VecDeque;

use ring::digest::{Context, SHA256};
use serde::Deserialize;
use tar::Header;

use super::{
    Damage, FORMAT, KIND, Manifest,
    layout::{self, BLOCK, MANIFEST},
};

/// The most bytes of a manifest: hundreds of images.
const LONGEST: u64 = 1 << 20;

/// A bundle in which every byte is as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub manifest: Manifest,
    /// The manifest's SHA-256, which stands for all that is in the bundle.
    pub sum: String,
    /// Where the archive of each image begins.
    pub starts: Vec<u64>,
}

/// The part of a manifest that is the same in every format.
#[derive(Deserialize)]
struct Preface {
    kind: String,
    format: u32,
    mesh: String,
}

/// What comes next.
enum Part {
    /// The header of the manifest.
    Head(Vec<u8>),
    Manifest {
        header: Vec<u8>,
        text: Vec<u8>,
        bytes: usize,
    },
    /// These bytes and no others.
    Exact(Vec<u8>),
    /// A file of the manifest.
    File {
        path: String,
        left: u64,
        sha256: String,
        context: Box<Context>,
    },
}

/// The state of a reading.
pub struct Verifier {
    /// The bytes of the whole file.
    length: u64,
    at: u64,
    parts: VecDeque<Part>,
    found: Option<Verified>,
}

impl Verifier {
    /// For a file of so many bytes.
    pub fn new(length: u64) -> Self {
        Self { length, at: 0, parts: VecDeque::from([Part::Head(Vec::new())]), found: None }
    }

    /// Takes the next bytes of the file.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<(), Damage> {
        while !bytes.is_empty() {
            let Some(part) = self.parts.pop_front() else { return Err(Damage::Between(self.at)) };
            let before = bytes.len();
            let rest = self.part(part, &mut bytes)?;
            self.at += (before - bytes.len()) as u64;
            rest.into_iter().rev().for_each(|part| self.parts.push_front(part));
        }
        Ok(())
    }

    /// Takes what a part has of the bytes; what is left of the part, and what it leads to.
    fn part(&mut self, part: Part, bytes: &mut &[u8]) -> Result<Vec<Part>, Damage> {
        match part {
            Part::Head(mut head) => {
                take(&mut head, BLOCK, bytes);
                if head.len() < BLOCK {
                    return Ok(vec![Part::Head(head)]);
                }
                let bytes = length_of_manifest(&head).ok_or(Damage::Foreign)?;
                Ok(vec![Part::Manifest { header: head, text: Vec::new(), bytes }])
            }
            Part::Manifest { header, mut text, bytes: whole } => {
                take(&mut text, whole, bytes);
                if text.len() < whole {
                    return Ok(vec![Part::Manifest { header, text, bytes: whole }]);
                }
                self.known(&header, &text)
            }
            Part::Exact(expected) => {
                let count = expected.len().min(bytes.len());
                let (now, later) = bytes.split_at(count);
                if let Some(off) = now.iter().zip(&expected).position(|(one, other)| one != other) {
                    return Err(Damage::Between(self.at + off as u64));
                }
                *bytes = later;
                let left = expected[count..].to_vec();
                Ok(if left.is_empty() { Vec::new() } else { vec![Part::Exact(left)] })
            }
            Part::File { path, left, sha256, mut context } => {
                let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                let (now, later) = bytes.split_at(count);
                context.update(now);
                *bytes = later;
                let left = left - count as u64;
                if left > 0 {
                    return Ok(vec![Part::File { path, left, sha256, context }]);
                }
                if layout::sha256(*context) == sha256 { Ok(Vec::new()) } else { Err(Damage::Altered(path)) }
            }
        }
    }

    /// Reads the manifest, and finds what has to follow it.
    fn known(&mut self, header: &[u8], text: &[u8]) -> Result<Vec<Part>, Damage> {
        let altered = || Damage::Altered(MANIFEST.to_owned());
        let preface: Preface = serde_json::from_slice(text).map_err(|_| altered())?;
        if preface.kind != KIND {
            return Err(Damage::Foreign);
        }
        if preface.format > FORMAT {
            return Err(Damage::Newer { format: preface.format, mesh: preface.mesh });
        }
        let manifest: Manifest = serde_json::from_slice(text).map_err(|_| altered())?;
        if header != layout::header(MANIFEST, text.len() as u64) || manifest.filled(text.len() as u64) != text {
            return Err(altered());
        }
        let sum = layout::sha256_of(text);
        let (mut parts, mut starts) = (Vec::new(), Vec::new());
        let mut end = (BLOCK + text.len()) as u64;
        for member in manifest.members() {
            let bytes = layout::taken(member.bytes).filter(|_| layout::is_path(&member.path)).ok_or_else(altered)?;
            parts.push(Part::Exact(layout::header(&member.path, member.bytes).to_vec()));
            let (path, sha256) = (member.path.clone(), member.sha256.clone());
            parts.push(Part::File { path, left: member.bytes, sha256, context: Box::new(Context::new(&SHA256)) });
            parts.push(Part::Exact(vec![0; layout::padding(member.bytes)]));
            starts.push(end + BLOCK as u64);
            end = end.checked_add(bytes).ok_or_else(altered)?;
        }
        let tail = layout::tail(&manifest, &sum);
        end = end.checked_add(tail.len() as u64).ok_or_else(altered)?;
        parts.push(Part::Exact(tail));
        if self.length < end {
            return Err(Damage::CutOff { have: self.length, of: end });
        }
        // the first is the program's
        starts.remove(0);
        self.found = Some(Verified { manifest, sum, starts });
        Ok(parts)
    }

    /// What the bundle holds, once all of it was read.
    pub fn finish(self) -> Result<Verified, Damage> {
        let found = self.found.ok_or(Damage::NoMore)?;
        // the file has become shorter meanwhile
        if self.parts.is_empty() { Ok(found) } else { Err(Damage::CutOff { have: self.at, of: self.length }) }
    }
}

/// Moves bytes until there are `whole` of them, or none left.
fn take(into: &mut Vec<u8>, whole: usize, bytes: &mut &[u8]) {
    let (now, later) = bytes.split_at((whole - into.len()).min(bytes.len()));
    into.extend_from_slice(now);
    *bytes = later;
}

/// The length of the manifest by its header, which is that of a tar; `None` where it is of something else.
fn length_of_manifest(head: &[u8]) -> Option<usize> {
    let header = Header::from_byte_slice(head);
    let is_it = header.path_bytes().as_ref() == MANIFEST.as_bytes();
    let bytes = header.entry_size().ok().filter(|bytes| is_it && *bytes > 0 && *bytes <= LONGEST)?;
    usize::try_from(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ask::bundle::{Contents, Member};

    /// A bundle of a program and two images.
    fn bundle() -> (Manifest, Vec<u8>) {
        let contents = Contents { id: "sha256:1".to_owned(), layers: Vec::new(), created: None };
        let image = |name: &str| (name.parse().unwrap(), name.to_owned(), contents.clone());
        let mut manifest = Manifest::pending("x86_64", [image("a:1"), image("b:1")]);
        let room = manifest.room();
        let files = [vec![7; 700], b"image".to_vec(), vec![9; 512]];
        let known = |member: &mut Member, file: &[u8]| {
            (member.bytes, member.sha256) = (file.len() as u64, layout::sha256_of(file));
        };
        known(&mut manifest.binary, &files[0]);
        manifest.images.iter_mut().zip(&files[1..]).for_each(|(image, file)| known(&mut image.file, file));
        let text = manifest.filled(room);
        let mut bytes = [&layout::header(MANIFEST, room)[..], &text].concat();
        for (member, file) in manifest.members().zip(&files) {
            bytes.extend_from_slice(&layout::header(&member.path, member.bytes));
            bytes.extend_from_slice(file);
            bytes.resize(bytes.len() + layout::padding(member.bytes), 0);
        }
        bytes.extend_from_slice(&layout::tail(&manifest, &layout::sha256_of(&text)));
        (manifest, bytes)
    }

    fn read(bytes: &[u8], piece: usize) -> Result<Verified, Damage> {
        let mut verifier = Verifier::new(bytes.len() as u64);
        bytes.chunks(piece).try_for_each(|piece| verifier.feed(piece))?;
        verifier.finish()
    }

    #[test]
    fn a_bundle_is_a_tar_whose_sums_a_program_can_check() {
        let (manifest, bytes) = bundle();
        let mut archive = tar::Archive::new(&bytes[..]);
        let names = archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string());
        let names: Vec<String> = names.collect();
        assert_eq!(names, [MANIFEST, "mesh", "images/1.tar.gz", "images/2.tar.gz", layout::SUMS]);
        let verified = read(&bytes, 4096).unwrap();
        assert_eq!(verified.manifest, manifest);
        let at = |index: usize| usize::try_from(verified.starts[index]).unwrap();
        assert_eq!((&bytes[at(0)..at(0) + 5], &bytes[at(1)..at(1) + 3]), (&b"image"[..], &[9; 3][..]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let (manifest, bytes) = bundle();
        let error = |bytes: &[u8]| read(bytes, 4096).unwrap_err().to_string();
        let image = read(&bytes, 4096).unwrap().starts[0];
        let altered = |at: usize| {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            error(&bytes)
        };
        let newer = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            error(
                text.replace("\"format\": 1", "\"format\": 2").replacen("\"mesh\": \"0", "\"mesh\": \"9", 1).as_bytes(),
            )
        };
        let errors = [
            error(b""),
            error(b"PNG"),
            error(&[b'x'; 2000]),
            error(&bytes[..600]),
            error(&bytes[..4000]).replace(&bytes.len().to_string(), "SIZE"),
            altered(usize::try_from(image).unwrap()),
            altered(520),
            newer(&bytes[..512 + usize::try_from(manifest.room()).unwrap()])
                .replace(env!("CARGO_PKG_VERSION").get(1..).unwrap(), "…"),
        ];
        insta::assert_snapshot!(errors.join("\n"), @r"
        it is not a file of `mesh bundle save`, or no more than the beginning of one
        it is not a file of `mesh bundle save`, or no more than the beginning of one
        it is not a file of `mesh bundle save`
        it is not a file of `mesh bundle save`, or no more than the beginning of one
        it is cut off: 4000 bytes of SIZE are there
        images/1.tar.gz in it is altered: its SHA-256 differs
        mesh-bundle.json in it is altered: its SHA-256 differs
        its format is 2, of mesh 9…, and this mesh knows 1
        ");
        assert!(error(&[&bytes[..], b"\0"].concat()).contains("altered"));
    }

    proptest! {
        #[test]
        fn a_bundle_is_whole_in_pieces_of_any_size(piece in 1_usize..5000) {
            prop_assert!(read(&bundle().1, piece).is_ok());
        }

        #[test]
        fn any_altered_byte_is_found(at in any::<prop::sample::Index>(), by in 1_u8.., piece in 1_usize..5000) {
            let mut bytes = bundle().1;
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            prop_assert!(read(&bytes, piece).is_err(), "at {at} by {by}");
        }

        #[test]
        fn any_cut_is_found(at in any::<prop::sample::Index>(), piece in 1_usize..5000) {
            let bytes = bundle().1;
            prop_assert!(read(&bytes[..at.index(bytes.len())], piece).is_err());
        }
    }
}
