//! A license file, as Elastic sends it. Pure: no I/O.

use serde_json::Value;
use time::OffsetDateTime;

/// A license that lets clusters search each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct License {
    pub uid: String,
    /// What a server is sent: the whole file.
    pub body: Value,
}

/// Why a license cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LicenseError {
    #[error("{0}")]
    Json(String),
    #[error("it has no `license.{0}`")]
    Missing(&'static str),
    #[error("links need an Enterprise license, and its type is `{0}`")]
    Type(String),
    #[error("it has expired")]
    Expired,
}

impl LicenseError {
    pub const HINT: &str = "give the JSON file that Elastic sent; without `--license`, a trial of 30 days is used";
}

impl License {
    /// Reads one license, or the first of `licenses`, as older files have it. Its signature is checked by the servers.
    pub fn parse(bytes: &[u8], now: OffsetDateTime) -> Result<Self, LicenseError> {
        let body: Value = serde_json::from_slice(bytes).map_err(|error| LicenseError::Json(error.to_string()))?;
        let license = if body["licenses"].is_array() { &body["licenses"][0] } else { &body["license"] };
        let text = |field| license[field].as_str().ok_or(LicenseError::Missing(field));
        let (uid, kind) = (text("uid")?.to_owned(), text("type")?);
        text("signature")?;
        if !matches!(kind, "enterprise" | "trial") {
            return Err(LicenseError::Type(kind.to_owned()));
        }
        let ends = license["expiry_date_in_millis"].as_i64().unwrap_or(i64::MAX);
        if i128::from(ends) * 1_000_000 < now.unix_timestamp_nanos() {
            return Err(LicenseError::Expired);
        }
        Ok(Self { uid, body })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-26 12:00 UTC);

    fn file(kind: &str, ends: i64) -> String {
        format!(
            r#"{{"license": {{"uid": "u-1", "type": "{kind}", "signature": "AAAA", "expiry_date_in_millis": {ends}}}}}"#
        )
    }

    fn refused(text: &str) -> String {
        License::parse(text.as_bytes(), NOW).unwrap_err().to_string()
    }

    #[test]
    fn a_license_is_sent_as_it_is_in_either_form() {
        let millis = i64::try_from(NOW.unix_timestamp_nanos() / 1_000_000).unwrap();
        let one = file("enterprise", millis);
        let license = License::parse(one.as_bytes(), NOW).unwrap();
        assert_eq!((license.uid.as_str(), &license.body["license"]["signature"]), ("u-1", &"AAAA".into()));
        let several = r#"{"licenses": [{"uid": "u-2", "type": "trial", "signature": "B"}]}"#;
        assert_eq!(License::parse(several.as_bytes(), NOW).unwrap().uid, "u-2");
        assert_eq!(refused(&file("enterprise", millis - 1)), "it has expired");
    }

    #[test]
    fn what_is_not_usable_says_why() {
        let cases = [
            "{",
            "[]",
            "{}",
            r#"{"licenses": []}"#,
            r#"{"license": {"uid": "u", "type": "enterprise"}}"#,
            &file("platinum", i64::MAX),
            &file("enterprise", 0),
        ];
        insta::assert_snapshot!(cases.map(refused).join("\n"), @r"
        EOF while parsing an object at line 1 column 1
        it has no `license.uid`
        it has no `license.uid`
        it has no `license.uid`
        it has no `license.signature`
        links need an Enterprise license, and its type is `platinum`
        it has expired
        ");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}", ends in any::<i64>()) {
            let _ = License::parse(text.as_bytes(), NOW);
            let _ = License::parse(file("trial", ends).as_bytes(), NOW);
        }
    }
}
