//! Prometheus' text format, of gauges. Pure.
//!
//! See <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.

use std::fmt::Write as _;

use crate::mesh::name::MeshName;

/// A metric; all of its samples are gauges, in base units.
#[derive(Debug)]
pub(super) struct Family {
    name: &'static str,
    help: &'static str,
}

impl Family {
    pub(super) const fn new(name: &'static str, help: &'static str) -> Self {
        Self { name, help }
    }
}

/// One value of a metric.
#[derive(Debug)]
pub(super) struct Sample {
    /// Names with values; an empty one is as good as none.
    pub labels: Vec<(&'static str, String)>,
    pub value: f64,
}

/// Metrics of one mesh, whose name is a label of every sample if it has one.
#[derive(Debug)]
pub(super) struct Text {
    name: Option<MeshName>,
    text: String,
}

impl Text {
    pub(super) fn of(name: Option<&MeshName>) -> Self {
        Self { name: name.cloned(), text: String::new() }
    }

    /// Adds a metric with its samples; without any, nothing is added.
    pub(super) fn family(&mut self, family: &Family, samples: impl IntoIterator<Item = Sample>) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        let Family { name, help } = family;
        let _ = writeln!(self.text, "# HELP {name} {}", help.replace('\\', "\\\\"));
        let _ = writeln!(self.text, "# TYPE {name} gauge");
        for Sample { labels, value } in samples {
            let of_mesh = self.name.iter().map(|mesh| format!("mesh=\"{mesh}\""));
            let others = labels.iter().filter(|(_, value)| !value.is_empty());
            let others = others.map(|(label, value)| format!("{label}=\"{}\"", escaped(value)));
            let labels = of_mesh.chain(others).collect::<Vec<_>>().join(",");
            let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
            let _ = writeln!(self.text, "{name}{labels} {value}");
        }
    }

    /// Adds a metric of the mesh as a whole.
    pub(super) fn one(&mut self, family: &Family, value: f64) {
        self.family(family, [Sample { labels: Vec::new(), value }]);
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// The value of a label as the format has it.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Family = Family::new("size_bytes", "A size.");

    #[test]
    fn a_sample_has_the_name_of_its_mesh_and_what_is_known() {
        let mut text = Text::of(Some(&"ci42".parse().unwrap()));
        let sample =
            |dir: &str, value| Sample { labels: vec![("dir", dir.to_owned()), ("empty", String::new())], value };
        text.family(&SIZE, [sample("a\\b\"c\nd", 1_785_499_200.0), sample("é", 0.25)]);
        text.family(&Family::new("nothing", "Has no samples."), []);
        insta::assert_snapshot!(text.finish(), @r#"
        # HELP size_bytes A size.
        # TYPE size_bytes gauge
        size_bytes{mesh="ci42",dir="a\\b\"c\nd"} 1785499200
        size_bytes{mesh="ci42",dir="é"} 0.25
        "#);
        let mut text = Text::of(None);
        text.one(&SIZE, 0.0);
        assert_eq!(text.finish().lines().last(), Some("size_bytes 0"));
    }
}
