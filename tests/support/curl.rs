//! curl, as users call it. Secrets go through its standard input, never its arguments.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::Value;

/// curl's exit code for a certificate that it does not trust, or that bears another name.
pub const UNTRUSTED: i32 = 60;

/// What curl brought back.
#[derive(Debug)]
pub struct Answer {
    /// curl's own exit code, such as [`UNTRUSTED`].
    pub exit: i32,
    /// 0 where no answer came.
    pub status: u16,
    pub text: String,
}

impl Answer {
    /// `null` where the answer is not JSON.
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// One request, as the lines of a configuration file of curl.
pub fn curl(lines: &[(&str, &str)]) -> Answer {
    curl_by(Command::new("curl"), lines)
}

/// One request by a curl that runs elsewhere.
pub fn curl_by(mut command: Command, lines: &[(&str, &str)]) -> Answer {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let config: Vec<String> = lines.iter().map(|(name, value)| format!("{name} = \"{}\"", quoted(value))).collect();
    let mut child = command
        .args([
            "-q",
            "--silent",
            "--show-error",
            "--noproxy",
            "*",
            "--max-time",
            "40",
            "--write-out",
            "\n%{http_code}",
            "--config",
            "-",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("curl should be installed: apt-get install curl");
    child
        .stdin
        .take()
        .expect("should be piped")
        .write_all(config.join("\n").as_bytes())
        .expect("curl should read its configuration");
    let output = child.wait_with_output().expect("curl should end");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let (text, status) = printed.rsplit_once('\n').unwrap_or_default();
    Answer { exit: output.status.code().unwrap_or(-1), status: status.parse().unwrap_or(0), text: text.to_owned() }
}
