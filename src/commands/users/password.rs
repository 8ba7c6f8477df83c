//! A password that the user hands over. I/O: stdin.

use std::path::Path;

use crate::{
    error::{Error, Exit},
    mesh::{credentials, secret::Secret},
    world::disk,
};

/// More than anybody types, and less than what is not a password at all.
const LARGEST: u64 = 1024;

/// The password on stdin, without the end of its line, where it is asked for there.
pub async fn given(asked: bool) -> Result<Option<Secret>, Error> {
    if !asked {
        return Ok(None);
    }
    let refuse = |why: &str| {
        Error::new(Exit::Request, format!("stdin has no usable password: {why}"))
            .hint("one line of 6 characters or more, such as `printf %s PASSWORD | mesh users … --password-stdin`")
    };
    let bytes = disk::read_given(Path::new("-"), LARGEST).await.map_err(|error| refuse(&error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| refuse("it is not UTF-8"))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    credentials::require_usable(line).map_err(refuse)?;
    Ok(Some(Secret::new(line)))
}
