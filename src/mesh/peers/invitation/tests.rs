//! What an invitation is read as: its own text, for ever, and nothing else.

use proptest::prelude::*;
use time::{Duration, macros::datetime};

use super::*;
use crate::mesh::{certs::Authority, example::cluster};

const NOW: OffsetDateTime = datetime!(2026-11-26 12:00:00.5 UTC);
/// Written once by this program, with keys that open nothing, and never edited.
const FIXTURE: &str = include_str!("../../../../tests/fixtures/invitation-v1.json");

fn example() -> Invitation {
    let cluster = |number: u8| InvitedCluster {
        name: cluster(number),
        addresses: vec![format!("192.0.2.11:940{number}"), format!("[2001:db8::1]:1040{number}")],
        server_name: format!("cluster0{number}-elastic"),
        stack_version: "9.5.3".parse().unwrap(),
        authorities: Authority::issue(&format!("cluster0{number}"), NOW).certificate().to_owned(),
        key_id: format!("made-up-{number}"),
        encoded: "bWFkZS11cDpvcGVucy1ub3RoaW5n".to_owned(),
        shares: vec!["logs-*".to_owned(), "mesh*".to_owned()],
    };
    let host = ("london".parse().unwrap(), "0123456789abcdef".to_owned());
    let times = (NOW, NOW + Duration::days(365));
    Invitation::new(host, "berlin".parse().unwrap(), times, vec![cluster(1), cluster(2)])
}

fn refusal(text: &str) -> String {
    Invitation::read(text).err().map_or_else(|| "read".to_owned(), |error| error.to_string())
}

#[test]
fn an_invitation_of_version_1_is_read_for_ever() {
    let read = Invitation::read(FIXTURE).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(read.render(), FIXTURE);
    insta::assert_snapshot!(read.digest(), @"39e4-e7b8-242b-076b");
    let shown = (read.host.to_string(), read.guest.to_string(), read.clusters.len());
    assert_eq!(shown, ("london".to_owned(), "berlin".to_owned(), 2));
    assert_eq!(read.clusters[1].addresses, ["192.0.2.11:9402", "[2001:db8::1]:10402"]);
    assert_eq!(read.require_current(datetime!(2026-12-01 0:00 UTC)), Ok(()));
    insta::assert_snapshot!(read.require_current(datetime!(2028-01-01 0:00 UTC)).unwrap_err(), @"it expired on 2027-11-26 12:00:00.0 +00:00:00, and it is 2028-01-01 0:00:00.0 +00:00:00 here");
}

#[test]
fn what_is_written_is_read_as_it_was() {
    let invitation = example();
    assert!(Invitation::read(&invitation.render()).is_ok_and(|read| read == invitation));
    // as a mail program may leave it
    let moved = invitation.render().replace('\n', "\r\n").replace("  ", "\t");
    assert!(Invitation::read(&moved).is_ok_and(|read| read == invitation));
}

#[test]
fn what_is_no_invitation_is_refused_with_the_reason() {
    let whole = example().render();
    for (text, why) in [
        ("", "it is damaged: "),
        (&whole[..whole.len() / 2], "it is damaged: "),
        ("{}", "it is not an invitation"),
        ("[]", "it is not an invitation"),
        ("<html>", "it is not an invitation"),
        (r#"{"kind":"other","version":1}"#, "it is not an invitation"),
        (r#"{"kind":"mesh-invitation","version":2}"#, "its format is version 2"),
        (r#"{"kind":"mesh-invitation","version":1}"#, "it is damaged: missing field"),
        (&whole.replace("192.0.2.11:9401", "192.0.2.12:9401"), "it is damaged: its checksum"),
        (&whole.replace("\"guest\"", "\"quest\""), "it is damaged: unknown field"),
    ] {
        assert!(refusal(text).starts_with(why), "{text:.40}: {}", refusal(text));
    }
}

#[test]
fn what_earlier_versions_took_for_an_address_stays_readable() {
    let mut made = example();
    made.clusters[0].addresses = vec!["https://vm:9401".to_owned(), "2001:db8::1:9401".to_owned()];
    made.checksum = made.sum();
    assert_eq!(refusal(&made.render()), "read");
}

/// Whoever writes the checksum anew is no friend of ours either.
#[test]
fn a_right_checksum_makes_no_sense_of_nonsense() {
    let with = |change: fn(&mut Invitation)| {
        let mut made = example();
        change(&mut made);
        made.checksum = made.sum();
        refusal(&made.render())
    };
    for (change, why) in [
        (|made: &mut Invitation| made.clusters.clear(), "it has no cluster"),
        (|made| made.clusters[1].name = cluster(1), "or one twice"),
        (|made| made.clusters[0].addresses.clear(), "has no address"),
        (|made| made.clusters[0].addresses[0] = "192.0.2.11".to_owned(), "has no address"),
        (|made| made.clusters[0].addresses[0] = "a\nb:9401".to_owned(), "has no address"),
        (|made| made.clusters[0].authorities = "PEM".to_owned(), "has no authority"),
        (|made| made.clusters[0].encoded.clear(), "no key"),
        (|made| made.clusters[0].server_name = "a b".to_owned(), "has no server name"),
    ] as [(fn(&mut Invitation), &str); 8]
    {
        assert!(with(change).contains(why), "{}", with(change));
    }
}

#[test]
fn the_schema_in_the_reference_has_every_field() {
    let page = include_str!("../../../../docs/reference.md");
    let (_, rest) = page.split_once("<!-- invitation -->\n```json\n").unwrap();
    let schema: serde_json::Value = serde_json::from_str(rest.split_once("```").unwrap().0).unwrap();
    let fixture: serde_json::Value = serde_json::from_str(FIXTURE).unwrap();
    let names = |fields: &serde_json::Value| fields.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let of_clusters = &schema["properties"]["clusters"]["items"];
    for (schema, written) in [(&schema, &fixture), (of_clusters, &fixture["clusters"][0])] {
        assert_eq!(names(&schema["properties"]), names(written));
        assert_eq!(schema["required"].as_array().unwrap().len(), names(written).len());
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic_or_is_an_invitation(text: String, bytes: Vec<u8>) {
        prop_assert!(Invitation::read(&text).is_err());
        prop_assert!(Invitation::read(&String::from_utf8_lossy(&bytes)).is_err());
    }

    #[test]
    fn a_truncated_invitation_is_refused(at in 0..FIXTURE.trim_end().len()) {
        prop_assert!(Invitation::read(&FIXTURE[..at]).is_err());
    }

    /// A letter of a time may be a small one, which says the same.
    #[test]
    fn a_flipped_bit_is_noticed_or_says_the_same(at in 0..FIXTURE.len(), bit in 0..8_u8) {
        let mut bytes = FIXTURE.as_bytes().to_vec();
        bytes[at] ^= 1_u8 << bit;
        if let Ok(read) = Invitation::read(&String::from_utf8_lossy(&bytes)) {
            prop_assert_eq!(read.render(), FIXTURE);
        }
    }

    #[test]
    fn a_piece_in_another_place_is_noticed(from in 0..FIXTURE.len(), length in 1..200_usize, to in 0..FIXTURE.len()) {
        let piece = &FIXTURE[from..(from + length).min(FIXTURE.len())];
        let mut text = FIXTURE.to_owned();
        text.insert_str(to, piece);
        if let Ok(read) = Invitation::read(&text) {
            prop_assert_eq!(read.render(), FIXTURE, "only what stands between words may differ");
        }
    }
}
