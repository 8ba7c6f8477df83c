//! The manual pages, which lie outside any mesh. I/O: disk.

use std::path::Path;

use crate::{
    error::Error,
    world::disk::{Tree, resolve},
};

/// Writes pages into a directory, which is made for everyone to read if it is missing.
///
/// # Errors
/// The directory cannot be made or written.
pub fn write_pages(dir: &Path, pages: &[(String, Vec<u8>)]) -> Result<(), Error> {
    let tree = Tree::create_public(&resolve(dir)?)?;
    for (name, text) in pages {
        tree.write(name, text, 0o644, None)?;
    }
    Ok(())
}
