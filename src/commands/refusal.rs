//! Checks that failed, as the error of a command. No I/O.

use crate::{
    error::{Error, Exit},
    judge::check::Finding,
};

/// One finding is the error; several are its causes, each with its remedy.
pub fn refusal(mut stops: Vec<Finding>) -> Error {
    if stops.len() == 1 {
        return stops.remove(0).into();
    }
    let error = Error::new(Exit::Machine, format!("{} checks failed", stops.len()));
    let hints: Vec<String> = stops.iter().map(|finding| finding.hint.clone()).collect();
    let mut distinct: Vec<String> = Vec::new();
    for hint in hints {
        if !distinct.contains(&hint) {
            distinct.push(hint);
        }
    }
    stops.into_iter().fold(error, |error, finding| error.cause(finding.message)).hint(distinct.join("\nhint: "))
}
