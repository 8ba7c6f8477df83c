//! A path as one word of a shell command. Pure.

use std::path::Path;

/// The path unchanged where that is safe, else quoted. A NUL, which no shell accepts, is in no path.
pub fn shell_word(path: impl AsRef<Path>) -> String {
    let path = path.as_ref().to_string_lossy();
    shlex::try_quote(&path).map_or_else(|_| path.to_string(), |word| word.to_string())
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
}
