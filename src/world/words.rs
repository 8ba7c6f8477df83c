//! What errors of the system say, in words alone. No I/O.

use std::{error::Error, io};

/// What an I/O error says, without the number that Rust puts behind it: `connection refused`.
pub fn words(error: &io::Error) -> String {
    // one that wraps another says the same and has no number of its own
    if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return words(inner);
    }
    let text = error.to_string();
    let Some(number) = error.raw_os_error() else { return text };
    let text = text.strip_suffix(&format!(" (os error {number})")).unwrap_or(&text);
    let mut letters = text.chars();
    // an acronym or a name stays as it is
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

/// An error and all that lies under it, the outermost first. An I/O error's `source` omits the error that it wraps.
pub fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error: &'a (dyn Error + 'static) = *error;
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

/// What the innermost cause of an error says, which is the one that tells: `connection refused` rather than "error
/// sending request".
pub fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.downcast_ref::<io::Error>().map_or_else(|| error.to_string(), words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_reported_without_its_number() {
        assert_eq!(words(&io::Error::from_raw_os_error(111)), "connection refused");
        assert_eq!(words(&io::Error::from_raw_os_error(5)), "input/output error");
        assert_eq!(words(&io::Error::other("a text")), "a text");
        let wrapped = io::Error::other(io::Error::from_raw_os_error(104));
        assert_eq!(innermost(&wrapped), "connection reset by peer");
    }

    #[test]
    fn causes_are_found_in_errors_that_wrap_them() {
        let wrapped = io::Error::other(io::Error::other(rustls::Error::DecryptError));
        assert_eq!(causes(&wrapped).count(), 3);
        assert!(causes(&wrapped).any(<dyn Error>::is::<rustls::Error>));
    }
}
