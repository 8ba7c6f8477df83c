//! A path as one word of a shell command. Pure.

use std::{ffi::OsStr, path::Path};

/// The path unchanged where that is safe, else quoted. A NUL, which no shell accepts, is in no path.
pub fn shell_word(path: impl AsRef<Path>) -> String {
    let path = path.as_ref().to_string_lossy();
    shlex::try_quote(&path).map_or_else(|_| path.to_string(), |word| word.to_string())
}

/// A file that a command is given, as one word: a relative path that the command would take for something else begins
/// with `./`. To GNU tar, what has a colon before its first slash is on another machine, and most programs take what
/// begins with a hyphen for an option.
pub fn file_word(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    let first = path.iter().next().map(OsStr::to_string_lossy).unwrap_or_default();
    if first.starts_with('-') || first.contains(':') { shell_word(Path::new(".").join(path)) } else { shell_word(path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_one_word() {
        assert_eq!(shell_word("/mnt/data/mesh"), "/mnt/data/mesh");
        for path in ["/a b", "/it's", "/$HOME \"x\"", "/*;rm"] {
            assert_eq!(shlex::split(&format!("rm {}/x", shell_word(path))).unwrap(), ["rm", &format!("{path}/x")]);
        }
    }

    #[test]
    fn a_file_is_neither_an_option_nor_on_another_machine() {
        for (path, word) in [
            ("mesh-bundle.tar", "mesh-bundle.tar"),
            ("mesh-05:22:10.tar", "./mesh-05:22:10.tar"),
            ("vm:x/mesh.tar", "./vm:x/mesh.tar"),
            ("-mesh.tar", "./-mesh.tar"),
            ("a/b:c", "a/b:c"),
            ("/srv/a:b.tar", "/srv/a:b.tar"),
            ("./a:b", "./a:b"),
            ("a: b", "'./a: b'"),
        ] {
            assert_eq!(file_word(path), word);
        }
    }
}
