//! How a cluster's data is saved, as a setting. Pure: no I/O.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use time::Duration;

use super::{
    mapping::{entries, mapping, scalar, texts},
    value::{Scalar, Shape},
    yaml::{Node, Value},
};
use crate::mesh::invalid_value::InvalidValue;

/// Where snapshots of a cluster are kept, when they are taken, of what, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshots {
    pub repository: Repository,
    /// When the server takes them by itself, as six or seven fields of Elasticsearch's cron in UTC; see
    /// <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-slm-put-lifecycle>.
    pub schedule: Option<String>,
    /// Patterns of indices and data streams.
    pub indices: Vec<String>,
    /// Features whose own indices are saved, too, where the server has them.
    pub feature_states: Vec<String>,
    pub keep: Keep,
    /// How old, in hours, the last good one may be; `None` for [`Snapshots::late_after`] to decide.
    pub late_after: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repository {
    /// None: `mesh` saves nothing.
    Off,
    /// `clusterNN/elastic/backup` in the mesh's directory.
    Directory,
    /// `clusterNN` below an absolute path: another disk, or a file system that several machines mount.
    Path(PathBuf),
    /// A bucket, and the path in it under which each cluster has a place.
    S3 { bucket: String, base_path: String },
}

impl Repository {
    /// This one, if it is a path that a container mounts instead of the mesh's own directory.
    #[must_use]
    pub fn mounted(&self) -> Self {
        if matches!(self, Self::Path(_)) { self.clone() } else { Self::Off }
    }
}

/// Which snapshots of the mesh's own stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    pub days: u32,
    /// So many stay, however old.
    pub least: u32,
    /// No more than so many stay.
    pub most: u32,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self {
            repository: Repository::Directory,
            schedule: None,
            indices: vec!["*".to_owned()],
            feature_states: vec!["security".to_owned(), "kibana".to_owned()],
            keep: Keep { days: 30, least: 5, most: 50 },
            late_after: None,
        }
    }
}

impl Snapshots {
    pub fn off() -> Self {
        Self { repository: Repository::Off, ..Self::default() }
    }

    pub fn is_off(&self) -> bool {
        self.repository == Repository::Off
    }

    /// Whether no index is left out.
    pub fn saves_everything(&self) -> bool {
        self.indices.iter().any(|pattern| pattern == "*")
    }

    /// How old the last good one may be: as it is set, else two hours more than a day where there is a schedule.
    pub fn late_after(&self) -> Option<Duration> {
        let hours = self.late_after.or(self.schedule.is_some().then_some(26))?;
        Some(Duration::hours(hours.into()))
    }
}

const KEYS: [&str; 6] = ["repository", "schedule", "indices", "feature_states", "keep", "late_after"];

/// Read as `off`, `fs` or an absolute path, or as a mapping such as `{repository: fs, late_after: 26h}`.
impl Scalar for Snapshots {
    const SHAPE: Shape = Shape::Mapping;
    const PLACEHOLDER: &'static str = "REPOSITORY";

    fn read(text: &str, _: &Path) -> Result<Self, InvalidValue> {
        if !text.starts_with('{') {
            return Ok(Self { repository: named(text)?, ..Self::default() });
        }
        let mut snapshots = Self::default();
        for (key, value) in mapping(text, &KEYS)? {
            match key.as_str() {
                "repository" => snapshots.repository = repository(value)?,
                "schedule" => snapshots.schedule = schedule(scalar("schedule", &value)?)?,
                "indices" => snapshots.indices = texts("indices", "[logs-*]", &value)?,
                "feature_states" => snapshots.feature_states = texts("feature_states", "[security]", &value)?,
                "keep" => snapshots.keep = keep(value)?,
                _ => snapshots.late_after = Some(hours("late_after", scalar("late_after", &value)?)?),
            }
        }
        if snapshots.indices.is_empty() {
            return Err(InvalidValue::new("`indices` is empty: nothing would be saved; `off` saves nothing"));
        }
        // that is all a record keeps of it
        Ok(if snapshots.is_off() { Self::off() } else { snapshots })
    }

    fn schema() -> Json {
        let texts = json!({ "type": "array", "items": { "type": "string" } });
        let path = json!({ "type": "string", "pattern": "^(off|fs|/.*)$" });
        json!({ "anyOf": [path, {
            "type": "object",
            "properties": {
                "repository": { "anyOf": [path, {
                    "type": "object",
                    "properties": {
                        "type": { "enum": ["fs", "s3"] },
                        "path": { "type": "string", "pattern": "^/" },
                        "bucket": { "type": "string" },
                        "base_path": { "type": "string" },
                    },
                    "required": ["type"],
                    "additionalProperties": false,
                }] },
                "schedule": { "type": "string" },
                "indices": texts,
                "feature_states": texts,
                "keep": {
                    "type": "object",
                    "properties": {
                        "for": { "type": "string", "pattern": "^[0-9]+d$" },
                        "least": { "type": "integer", "minimum": 1 },
                        "most": { "type": "integer", "minimum": 1 },
                    },
                    "additionalProperties": false,
                },
                "late_after": { "type": "string", "pattern": "^[0-9]+[hd]$" },
            },
            "additionalProperties": false,
        }] })
    }

    fn json(&self) -> Json {
        let plain = Self { repository: self.repository.clone(), ..Self::default() };
        match &self.repository {
            Repository::Off => json!("off"),
            Repository::Directory if *self == plain => json!("fs"),
            Repository::Path(path) if *self == plain => json!(path),
            _ => self.mapping(),
        }
    }
}

impl Snapshots {
    /// All of it, as a record keeps it: another default of a newer `mesh` changes nothing.
    fn mapping(&self) -> Json {
        let Keep { days, least, most } = self.keep;
        let mut json = json!({
            "repository": match &self.repository {
                Repository::Off => json!("off"),
                Repository::Directory => json!("fs"),
                Repository::Path(path) => json!(path),
                Repository::S3 { bucket, base_path } => {
                    json!({ "type": "s3", "bucket": bucket, "base_path": base_path })
                }
            },
            "indices": self.indices,
            "feature_states": self.feature_states,
            "keep": { "for": format!("{days}d"), "least": least, "most": most },
        });
        if let Some(schedule) = &self.schedule {
            json["schedule"] = json!(schedule);
        }
        if let Some(hours) = self.late_after {
            json["late_after"] = json!(format!("{hours}h"));
        }
        json
    }
}

impl Serialize for Snapshots {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.is_off() { self.json().serialize(to) } else { self.mapping().serialize(to) }
    }
}

impl<'de> Deserialize<'de> for Snapshots {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = match Json::deserialize(from)? {
            Json::String(text) => text,
            value => value.to_string(),
        };
        <Self as Scalar>::read(&text, Path::new("")).map_err(serde::de::Error::custom)
    }
}

fn named(text: &str) -> Result<Repository, InvalidValue> {
    match text {
        "off" => Ok(Repository::Off),
        "fs" => Ok(Repository::Directory),
        _ => path(text),
    }
}

fn path(text: &str) -> Result<Repository, InvalidValue> {
    let plain = |part: &str| part != "." && part != "..";
    let path = text.trim_end_matches('/');
    if path.starts_with('/') && path.split('/').all(plain) && !path.contains("//") {
        return Ok(Repository::Path(path.into()));
    }
    Err(InvalidValue::new(format!(
        "`{text}` is no repository: `off`, `fs`, or an absolute path such as `/mnt/nfs/mesh`"
    )))
}

fn repository(node: Node) -> Result<Repository, InvalidValue> {
    if let Value::Text(text) = &node.value {
        return named(text);
    }
    let (mut kind, mut at, mut bucket, mut base_path) = (String::new(), None, None, "mesh".to_owned());
    for (key, value) in entries(node, &["type", "path", "bucket", "base_path"])? {
        let text = scalar(&key, &value)?;
        match key.as_str() {
            "type" => text.clone_into(&mut kind),
            "path" => at = Some(path(text)?),
            "bucket" => bucket = Some(text.to_owned()),
            _ => text.trim_matches('/').clone_into(&mut base_path),
        }
    }
    match (kind.as_str(), at, bucket) {
        ("fs", at, None) => Ok(at.unwrap_or(Repository::Directory)),
        ("s3", None, Some(bucket)) => Ok(Repository::S3 { bucket, base_path }),
        ("s3", None, None) => Err(InvalidValue::new("`bucket` is missing, as in `{type: s3, bucket: mesh}`")),
        _ => Err(InvalidValue::new("`repository` is `{type: fs, path: …}` or `{type: s3, bucket: …, base_path: …}`")),
    }
}

fn schedule(text: &str) -> Result<Option<String>, InvalidValue> {
    match text.split_whitespace().count() {
        0 => Ok(None),
        6 | 7 => Ok(Some(text.to_owned())),
        fields => Err(InvalidValue::new(format!(
            "`schedule` has {fields} fields: Elasticsearch's cron has 6 or 7, with the seconds first, as in `0 30 1 * * ?`"
        ))),
    }
}

fn keep(node: Node) -> Result<Keep, InvalidValue> {
    let mut keep = Snapshots::default().keep;
    for (key, value) in entries(node, &["for", "least", "most"])? {
        let text = scalar(&key, &value)?;
        let count = || {
            let count = text.parse().ok().filter(|count| *count > 0);
            count.ok_or_else(|| InvalidValue::new(format!("`{key}` is a number from 1, found `{text}`")))
        };
        match key.as_str() {
            "for" => keep.days = hours("for", text)?.div_ceil(24),
            "least" => keep.least = count()?,
            _ => keep.most = count()?,
        }
    }
    if keep.least > keep.most {
        return Err(InvalidValue::new(format!("`least` is {}, and `most` {}: less", keep.least, keep.most)));
    }
    Ok(keep)
}

/// Of a text such as `26h` or `30d`.
fn hours(key: &str, text: &str) -> Result<u32, InvalidValue> {
    let of = |unit: char, hours: u32| text.strip_suffix(unit)?.parse::<u32>().ok()?.checked_mul(hours);
    let found = of('h', 1).or_else(|| of('d', 24)).filter(|hours| (1..=24 * 36_500).contains(hours));
    found.ok_or_else(|| InvalidValue::new(format!("`{key}` is a time such as `26h` or `30d`, found `{text}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Snapshots, InvalidValue> {
        <Snapshots as Scalar>::read(text, Path::new(""))
    }

    #[test]
    fn a_repository_is_named_or_described() {
        let repository = |text| read(text).unwrap().repository;
        assert_eq!([repository("off"), repository("fs")], [Repository::Off, Repository::Directory]);
        assert_eq!(repository("/mnt/nfs/"), Repository::Path("/mnt/nfs".into()));
        assert_eq!(repository("{repository: {type: fs, path: /mnt/nfs}}"), Repository::Path("/mnt/nfs".into()));
        let s3 = Repository::S3 { bucket: "mesh".to_owned(), base_path: "a/b".to_owned() };
        assert_eq!(repository("{repository: {type: s3, bucket: mesh, base_path: /a/b/}}"), s3);
        let refused = |text| read(text).unwrap_err().to_string();
        insta::assert_snapshot!(refused("backup"), @"`backup` is no repository: `off`, `fs`, or an absolute path such as `/mnt/nfs/mesh`");
        insta::assert_snapshot!(refused("/mnt/../etc"), @"`/mnt/../etc` is no repository: `off`, `fs`, or an absolute path such as `/mnt/nfs/mesh`");
        insta::assert_snapshot!(refused("{repository: {type: s3}}"), @"`bucket` is missing, as in `{type: s3, bucket: mesh}`");
        insta::assert_snapshot!(refused("{schedule: '30 1 * * *'}"), @"`schedule` has 5 fields: Elasticsearch's cron has 6 or 7, with the seconds first, as in `0 30 1 * * ?`");
        insta::assert_snapshot!(refused("{keep: {least: 9, most: 3}}"), @"`least` is 9, and `most` 3: less");
        insta::assert_snapshot!(refused("{late_after: 5}"), @"`late_after` is a time such as `26h` or `30d`, found `5`");
        insta::assert_snapshot!(refused("{indices: []}"), @"`indices` is empty: nothing would be saved; `off` saves nothing");
    }

    #[test]
    fn what_is_recorded_is_read_back() {
        let whole = "{repository: {type: s3, bucket: b}, schedule: '0 30 1 * * ?', indices: [logs-*], \
                     feature_states: [], keep: {for: 7d, least: 2, most: 9}, late_after: 2d}";
        for text in [whole, "off", "fs", "/mnt/nfs"] {
            let snapshots = read(text).unwrap();
            let recorded = serde_json::to_string(&snapshots).unwrap();
            assert_eq!(serde_json::from_str::<Snapshots>(&recorded).unwrap(), snapshots, "{recorded}");
        }
    }

    #[test]
    fn snapshots_on_a_schedule_are_late_after_a_day() {
        let late = |text| read(text).unwrap().late_after().map(Duration::whole_hours);
        assert_eq!(
            [late("fs"), late("{schedule: '0 30 1 * * ?'}"), late("{late_after: 3d}")],
            [None, Some(26), Some(72)]
        );
    }
}
