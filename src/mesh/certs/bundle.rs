//! Several certificates in one text. Pure.

use std::collections::{BTreeSet, HashSet};

use x509_parser::pem::Pem;

use super::fingerprint;
use crate::mesh::digest::digest_of;

/// The fingerprints of all certificates of `pem`.
pub fn fingerprints(pem: &str) -> BTreeSet<String> {
    let readable = Pem::iter_from_buffer(pem.as_bytes()).filter_map(Result::ok);
    readable.map(|pem| digest_of(&[&pem.contents])).collect()
}

/// One PEM text of several: in the order given, each ending in exactly one line break, a text that comes again left
/// out.
pub fn bundle<'a>(authorities: impl Iterator<Item = &'a str>) -> String {
    let mut seen = HashSet::new();
    authorities.map(str::trim).filter(|pem| !pem.is_empty() && seen.insert(*pem)).flat_map(|pem| [pem, "\n"]).collect()
}

/// A bundle with what one before it had besides, but for the certificates that are known.
pub fn keeping(bundle: &str, before: &str, known: &BTreeSet<String>) -> String {
    let has = fingerprints(bundle);
    let stays = |pem: &&str| fingerprint(pem).is_some_and(|of| !has.contains(&of) && !known.contains(&of));
    let kept = before.split_inclusive("-----END CERTIFICATE-----").filter(stays);
    self::bundle(std::iter::once(bundle).chain(kept))
}

#[cfg(test)]
mod tests {
    use time::{OffsetDateTime, macros::datetime};

    use super::*;
    use crate::mesh::certs::Authority;

    const NOW: OffsetDateTime = datetime!(2026-01-31 12:00 UTC);

    #[test]
    fn a_bundle_keeps_order_and_drops_what_comes_again() {
        let (a, b) = (Authority::issue("cluster01", NOW), Authority::issue("cluster02", NOW));
        let loose = format!("\n{}\n\n", a.certificate());
        let text = bundle([b.certificate(), &loose, b.certificate(), a.certificate(), ""].into_iter());
        assert_eq!(text, [b.certificate(), a.certificate()].concat());
    }

    #[test]
    fn a_bundle_keeps_what_is_not_known() {
        let [old, new, other] = [1, 2, 3].map(|of| Authority::issue(&format!("cluster0{of}"), NOW));
        let before = bundle([&old, &other].map(Authority::certificate).into_iter());
        let kept = |known: &str| keeping(new.certificate(), &before, &fingerprints(known));
        assert_eq!(kept(old.certificate()), [new.certificate(), other.certificate()].concat());
        assert_eq!(kept(""), [new.certificate(), old.certificate(), other.certificate()].concat());
        assert_eq!(kept(&before), new.certificate());
        assert_eq!(keeping(&kept(""), &before, &BTreeSet::new()), kept(""), "nothing comes twice");
    }
}
