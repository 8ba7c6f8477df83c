//! Writing a bundle, piece by piece: sums and lengths are put in place once they are known. I/O: disk, Docker.

use std::{
    io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};
use ring::digest::{Context, SHA256};

use super::super::images::cannot_pull;
use crate::{
    ask::bundle::{
        Manifest, Member,
        image_name::ImageName,
        layout::{self, BLOCK},
    },
    console::{StageLine, bytes},
    error::{Error, Exit},
    mesh::{gateway::IMAGE, typed_again::with_flags_again},
    world::{
        bundle::{ARCHITECTURE, PIECE, this_program},
        docker::Docker,
        new_file::{NewFile, NewFileError},
        words::words,
    },
};

/// Begins the file, before anything is pulled for it.
///
/// # Errors
/// It cannot be written, or another run is writing it.
pub fn begin(into: &Path) -> Result<NewFile, NewFileError> {
    NewFile::begin(into, 0o644)
}

/// Pulls those images that the engine has not.
pub async fn pull_missing(docker: &Docker, images: &[ImageName], line: &StageLine) -> Result<(), Error> {
    for image in images {
        if docker.contents(image).await?.is_none() {
            let name = image.to_string();
            let report = |progress: crate::world::docker::Progress| {
                line.now(&format!("{name} {} of {}", bytes(progress.done), bytes(progress.total)));
            };
            let pulled = docker.pull_image(&name, report).await;
            pulled.map_err(|error| cannot_pull(&name, name == IMAGE, &error, with_flags_again))?;
        }
    }
    Ok(())
}

/// Writes this program and images into a file that was begun; what it holds, and the sum of its manifest. `images` are
/// with their names below a registry.
///
/// # Errors
/// The file appears whole or not at all.
pub async fn save(
    docker: &Docker,
    images: &[(ImageName, String)],
    file: NewFile,
    line: &StageLine,
) -> Result<(Manifest, String), Error> {
    let (mut known, mut sizes) = (Vec::new(), Vec::new());
    for (name, below) in images {
        let gone = || {
            Error::new(Exit::Machine, format!("the image {name} is gone"))
                .hint("type the same command again: it pulls what is missing")
        };
        let (contents, size) = docker.contents(name).await?.ok_or_else(gone)?;
        known.push((name.clone(), below.clone(), contents));
        sizes.push(size);
    }
    let mut manifest = Manifest::pending(ARCHITECTURE, known);
    let room = manifest.room();
    let mut writer = Writer { file: BufWriter::with_capacity(PIECE, file) };
    // the manifest, which is known at the end
    writer.put(&vec![0; BLOCK])?;
    writer.zeros(room)?;
    manifest.binary = writer.program(&manifest.binary.path).await?;
    for (image, size) in manifest.images.iter_mut().zip(sizes) {
        let mut member = writer.begin(&image.file.path)?;
        let mut archive = docker.export(&image.name);
        let mut compressed = GzEncoder::new(&mut member, Compression::fast());
        let mut read = 0;
        while let Some(piece) = archive.next().await? {
            compressed.write_all(&piece).map_err(|cause| compressed.get_ref().writer.failed(cause))?;
            read += piece.len() as u64;
            line.now(&format!("{} {} of {}", image.name, bytes(read), bytes(size.max(read))));
        }
        if let Err(cause) = compressed.try_finish() {
            return Err(compressed.get_ref().writer.failed(cause));
        }
        drop(compressed);
        image.file = member.end()?;
    }
    let text = manifest.filled(room);
    let sum = layout::sha256_of(&text);
    writer.put(&layout::tail(&manifest, &sum))?;
    writer.seek(SeekFrom::Start(0))?;
    writer.put(&layout::header(layout::MANIFEST, room))?;
    writer.put(&text)?;
    line.now("until all of it is on the disk");
    writer.finish()?;
    Ok((manifest, sum))
}

/// The file that is being written.
struct Writer {
    file: BufWriter<NewFile>,
}

/// A member that is being written. Its header has no length yet.
struct Open<'a> {
    writer: &'a mut Writer,
    path: String,
    bytes: u64,
    context: Context,
}

impl Writer {
    fn failed(&self, cause: io::Error) -> Error {
        self.file.get_ref().failed(cause).into()
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(|cause| self.failed(cause))
    }

    fn zeros(&mut self, count: u64) -> Result<(), Error> {
        io::copy(&mut io::repeat(0).take(count), &mut self.file).map_err(|cause| self.failed(cause))?;
        Ok(())
    }

    fn seek(&mut self, to: SeekFrom) -> Result<u64, Error> {
        self.file.seek(to).map_err(|cause| self.failed(cause))
    }

    fn begin(&mut self, path: &str) -> Result<Open<'_>, Error> {
        self.put(&[0; BLOCK])?;
        Ok(Open { writer: self, path: path.to_owned(), bytes: 0, context: Context::new(&SHA256) })
    }

    async fn program(&mut self, path: &str) -> Result<Member, Error> {
        let unreadable = |cause| {
            Error::new(Exit::Machine, "this program's own file cannot be read")
                .cause(words(&cause))
                .hint("see with `mesh --version` whether it still runs; then type the same command again")
        };
        let mut program = this_program().map_err(unreadable)?;
        let mut member = self.begin(path)?;
        let mut piece = vec![0; PIECE];
        loop {
            let count = program.read(&mut piece).map_err(unreadable)?;
            if count == 0 {
                return member.end();
            }
            member.write_all(&piece[..count]).map_err(|cause| member.writer.failed(cause))?;
            // so that Ctrl-C is heard
            tokio::task::yield_now().await;
        }
    }

    fn finish(mut self) -> Result<(), Error> {
        self.file.flush().map_err(|cause| self.failed(cause))?;
        let file = self.file.into_inner().map_err(|error| Error::new(Exit::Machine, words(error.error())))?;
        Ok(file.finish()?)
    }
}

impl Write for Open<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.writer.file.write(bytes)?;
        self.context.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.file.flush()
    }
}

impl Open<'_> {
    /// Fills the last block, and puts the header in its place.
    fn end(self) -> Result<Member, Error> {
        let Self { writer, path, bytes, context } = self;
        writer.zeros(layout::padding(bytes) as u64)?;
        let end = writer.seek(SeekFrom::Current(0))?;
        writer.seek(SeekFrom::Start(end - layout::taken(bytes).unwrap_or(end)))?;
        writer.put(&layout::header(&path, bytes))?;
        writer.seek(SeekFrom::Start(end))?;
        Ok(Member { path, bytes, sha256: layout::sha256(context) })
    }
}
