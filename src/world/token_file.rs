//! The file that keeps the token of the page. I/O: disk.

use std::{
    fs::File,
    io::{self, Read as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use nix::libc::O_NONBLOCK;

use super::{new_file, web::WebError};
use crate::{mesh::permissions::OTHERS, page::Token};

/// No token is longer, in bytes.
const LONGEST: u64 = 1024;

/// The token in a file, which only its owner may read. Where there is none, it is made, with `new`.
///
/// # Errors
/// It cannot be read or made, is no token, or others may read it.
pub fn token(path: &Path, new: &Token) -> Result<Token, WebError> {
    let unreadable = |cause: io::Error| WebError::Unreadable { path: path.to_owned(), cause };
    let file = match File::options().read(true).custom_flags(O_NONBLOCK).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let unwritable = |error: new_file::NewFileError| unreadable(io::Error::other(error));
            new_file::write_new(path, format!("{}\n", new.expose()).as_bytes()).map_err(unwritable)?;
            return Ok(new.clone());
        }
        Err(error) => return Err(unreadable(error)),
    };
    let found = file.metadata().map_err(unreadable)?;
    if !found.is_file() {
        return Err(WebError::NoToken(path.to_owned()));
    }
    let mode = found.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(WebError::Mode { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).map_err(unreadable)?;
    Token::new(text.trim()).ok_or_else(|| WebError::NoToken(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::{fs, fs::Permissions};

    use super::*;

    #[test]
    fn a_token_is_made_once_and_kept_from_others() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("token");
        let new = |text: &str| Token::new(text).unwrap();
        let first = token(&path, &new("0123456789abcdefghij")).unwrap();
        let again = token(&path, &new("another-0123456789abcdefghij")).unwrap();
        assert_eq!(first.expose(), again.expose());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let refused = token(&path, &first).unwrap_err();
        assert!(matches!(refused, WebError::Mode { mode: 0o640, .. }), "{refused}");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "short\n").unwrap();
        assert!(matches!(token(&path, &first), Err(WebError::NoToken(_))));
        assert!(matches!(token(temp.path(), &first), Err(WebError::NoToken(_))));
        assert!(matches!(token(&temp.path().join("no/where"), &first), Err(WebError::Unreadable { .. })));
    }
}
