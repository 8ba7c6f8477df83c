//! The file of a bug report. I/O: disk.

use std::path::Path;

use flate2::{Compression, write::GzEncoder};
use tar::{Builder, Header};

use crate::{
    ask::support::Bundle,
    error::{Error, Exit},
    world::{new_file::write_new, words::words},
};

/// Writes a new archive that its owner alone may read, with everything in one directory.
pub fn write(bundle: &Bundle, into: &Path) -> Result<(), Error> {
    let failed = |error| Error::new(Exit::Machine, "the archive cannot be made").cause(words(&error));
    let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, text) in bundle.files() {
        let mut header = Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        archive.append_data(&mut header, format!("mesh-support/{name}"), text.as_bytes()).map_err(failed)?;
    }
    let bytes = archive.into_inner().and_then(GzEncoder::finish).map_err(failed)?;
    Ok(write_new(into, &bytes)?)
}
