//! Documents for whoever is sent them in place of a terminal. No I/O.

use serde::Serialize;
use serde_json::Value as Json;

use super::Console;

impl Console {
    /// A report as [`Console::report`] prints it as JSON, for whoever is sent it.
    pub fn reported(&self, report: &impl Serialize) -> Json {
        let report = serde_yaml::to_value(report).expect("should be YAML: it is JSON");
        serde_json::to_value(self.same_mesh.in_report(report)).expect("should be JSON: it was")
    }

    /// Commands of a text, completed so that they are about the same mesh.
    pub fn in_full(&self, text: &str) -> String {
        self.same_mesh.in_text(text)
    }
}
