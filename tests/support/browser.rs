//! A real Chromium that opens pages, driven over a pipe by its own protocol; see
//! <https://chromedevtools.github.io/devtools-protocol/>.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// Longer than anything here should take.
const LONGEST: Duration = Duration::from_secs(30);
/// The program, of the Debian package of its name.
const PROGRAM: &str = "chromium-headless-shell";

/// A browser with one tab.
pub struct Browser {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<Value>,
    session: Value,
    last: u64,
    /// Everything that happened, as the browser reported it.
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// One with nothing in it: no cookies, no cache.
    pub fn new() -> Self {
        let profile = tempfile::tempdir().expect("should be writable");
        // the protocol's pipes are the descriptors 3 and 4
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh", PROGRAM]);
        command.args(["--remote-debugging-pipe", "--no-sandbox", "--hide-scrollbars", "--disable-gpu"]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("should start");
        let requests = child.stdin.take().expect("should be piped");
        let mut pipe = BufReader::new(child.stdout.take().expect("should be piped"));
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            let mut message = Vec::new();
            while pipe.read_until(0, &mut message).is_ok_and(|length| length > 0) {
                message.pop();
                let Ok(read) = serde_json::from_slice(&message) else { break };
                if sender.send(read).is_err() {
                    break;
                }
                message.clear();
            }
        });
        let (session, events) = (Value::Null, Vec::new());
        let mut browser = Self { child, requests, answers, session, last: 0, events, _profile: profile };
        let targets = browser.call("Target.getTargets", json!({}));
        let target = &targets["targetInfos"][0]["targetId"];
        let attached = browser.call("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        browser.session = attached["sessionId"].clone();
        for domain in ["Page", "Runtime", "Log", "Network", "Performance"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Calls a method of the protocol, and waits for its result.
    #[expect(clippy::needless_pass_by_value, reason = "every caller makes them for this call")]
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        let answer = self.answer(method, &params);
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The result of a method, or the error in its place.
    fn answer(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if self.session.is_string() {
            message["sessionId"] = self.session.clone();
        }
        self.requests.write_all(format!("{message}\0").as_bytes()).expect("the browser should run");
        loop {
            let answer = self.answers.recv_timeout(LONGEST).unwrap_or_else(|error| panic!("{method}: {error}"));
            if answer["id"] == self.last {
                return answer;
            }
            self.events.push(answer);
        }
    }

    /// Opens a page.
    pub fn open(&mut self, url: &str) {
        let opened = self.call("Page.navigate", json!({ "url": url }));
        assert!(opened["errorText"].is_null(), "{url}: {opened}");
    }

    /// The value of an expression in the page, after what it promises.
    pub fn value(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let result = self.call("Runtime.evaluate", asked);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// Waits until an expression is true; says how long that took.
    pub fn until(&mut self, expression: &str, longest: Duration) -> Duration {
        let begun = Instant::now();
        let asked = json!({ "expression": format!("Boolean({expression})"), "returnByValue": true });
        // a page that is being loaded anew has no elements yet
        while self.answer("Runtime.evaluate", &asked)["result"]["result"]["value"] != true {
            let text = "document.body.innerText";
            assert!(begun.elapsed() < longest, "{expression} should come true: {}", self.value(text));
            thread::sleep(Duration::from_millis(50));
        }
        begun.elapsed()
    }

    /// Presses a key, such as `ArrowDown`.
    pub fn press(&mut self, key: &str) {
        let code = match key {
            "Enter" => 13,
            "Tab" => 9,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => 0,
        };
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// A window of this size, in light or dark colors.
    pub fn look(&mut self, width: u32, height: u32, scheme: &str) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
        let scheme = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", scheme);
    }

    /// The window as a PNG.
    pub fn picture(&mut self) -> Vec<u8> {
        let picture = self.call("Page.captureScreenshot", json!({ "format": "png", "optimizeForSpeed": false }));
        let text = picture["data"].as_str().expect("should be a text");
        BASE64_STANDARD.decode(text).expect("should be Base64")
    }

    /// The addresses of all requests since the browser began.
    pub fn requests(&self) -> impl Iterator<Item = &str> {
        let sent = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        sent.filter_map(|event| event["params"]["request"]["url"].as_str())
    }

    /// What browsers complain of: errors on the console, exceptions, what a policy of the page forbids. A request that
    /// fails while its server is away, or is refused, is none.
    pub fn complaints(&mut self) -> Vec<String> {
        self.value("1");
        let is_complaint = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => event["params"]["type"] == "error",
            Some("Log.entryAdded") => {
                let entry = &event["params"]["entry"];
                entry["level"] == "error" && entry["source"] != "network"
            }
            _ => false,
        };
        self.events.iter().filter(is_complaint).map(ToString::to_string).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
