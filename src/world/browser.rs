//! The browser of whoever sits at this machine. I/O: the environment, a process.

#![expect(clippy::disallowed_methods, reason = "a desktop is known by the environment alone")]

use std::{
    env,
    process::{Command, Stdio},
};

/// What hands a URL to the browser that a desktop has chosen, on Linux; `BROWSER` names one for those without.
const OPENER: &str = "xdg-open";

/// Opens a URL, which must hold no secret: other users of the machine see it. Whether there was a browser to open it.
///
/// Without a desktop, an opener may start a browser for terminals in the place of the command.
pub fn open(url: &str) -> bool {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let has_desktop = set("DISPLAY").or_else(|| set("WAYLAND_DISPLAY")).is_some();
    let Some(program) = set("BROWSER").or_else(|| has_desktop.then(|| OPENER.into())) else { return false };
    let mut command = Command::new(program);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().is_ok()
}
