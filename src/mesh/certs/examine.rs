//! Reading: what a certificate says, and whether it may be used. Pure.

use std::{collections::BTreeSet, net::IpAddr};

use rcgen::{KeyPair, PublicKeyData as _};
use time::OffsetDateTime;
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, parse_x509_certificate, pem::Pem, prelude::X509Name,
};

use super::CertificateError;
use crate::mesh::{digest::digest_of, secret::Secret};

/// What a certificate says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    /// Empty when there is none.
    pub common_name: String,
    pub dns: BTreeSet<String>,
    pub ip: BTreeSet<IpAddr>,
}

/// Reads the first certificate of `pem`.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn examine(pem: &str) -> Result<CertificateFacts, CertificateError> {
    read(pem, |x509| {
        let mut facts = CertificateFacts {
            not_before: x509.validity().not_before.to_datetime(),
            not_after: x509.validity().not_after.to_datetime(),
            common_name: common_name(x509.subject()),
            dns: BTreeSet::new(),
            ip: BTreeSet::new(),
        };
        let names = x509.subject_alternative_name().map_err(unreadable)?;
        for name in names.iter().flat_map(|extension| &extension.value.general_names) {
            match name {
                GeneralName::DNSName(name) => _ = facts.dns.insert((*name).to_owned()),
                GeneralName::IPAddress(bytes) => facts.ip.extend(address(bytes)),
                _ => {}
            }
        }
        Ok(facts)
    })
}

/// Whether a service may use this certificate now: signed by `authority`, both in date, and `key` (where there is one)
/// belongs to it.
///
/// # Errors
/// The first of these that is not so.
pub fn verify(
    certificate: &str,
    key: Option<&Secret>,
    authority: &str,
    now: OffsetDateTime,
) -> Result<(), CertificateError> {
    read(certificate, |x509| {
        read(authority, |authority| {
            is_authority(authority)?;
            if x509.issuer().as_raw() != authority.subject().as_raw()
                || x509.verify_signature(Some(authority.public_key())).is_err()
            {
                return Err(CertificateError::NotSigned {
                    name: common_name(x509.subject()),
                    authority: common_name(authority.subject()),
                });
            }
            in_date(authority, now)
        })?;
        in_date(x509, now)?;
        key.map_or(Ok(()), |key| belongs(x509, key))
    })
}

/// As [`verify`], whenever the authority begins: servers do not ask that of one that they trust, and another
/// certificate of it would be no better.
///
/// # Errors
/// The first of these that is not so.
pub fn verify_trusted(
    certificate: &str,
    key: Option<&Secret>,
    authority: &str,
    now: OffsetDateTime,
) -> Result<(), CertificateError> {
    match verify(certificate, key, authority, now) {
        // who signed it was asked first
        Err(CertificateError::NotYetValid { .. }) => read(certificate, |x509| {
            in_date(x509, now)?;
            key.map_or(Ok(()), |key| belongs(x509, key))
        }),
        checked => checked,
    }
}

/// Whether a certificate of others may be used now: it is in date, and the key belongs to it. Who signed it is not
/// asked.
///
/// # Errors
/// The first of these that is not so.
pub fn belongs_together(certificate: &str, key: &Secret, now: OffsetDateTime) -> Result<(), CertificateError> {
    read(certificate, |x509| {
        in_date(x509, now)?;
        belongs(x509, key)
    })
}

/// Whether a certificate lasts as long as the authority that signed it: another would last no longer.
pub fn ends_with(certificate: &str, authority: &str) -> bool {
    let end = |pem: &str| Some(examine(pem).ok()?.not_after);
    end(certificate).zip(end(authority)).is_some_and(|(certificate, authority)| certificate >= authority)
}

/// Tells one certificate from another: a digest of the first one of `pem`, as [`digest_of`] makes it of the DER form.
pub fn fingerprint(pem: &str) -> Option<String> {
    let first = Pem::iter_from_buffer(pem.as_bytes()).next()?.ok()?;
    Some(digest_of(&[&first.contents]))
}

/// Hands the first certificate of `text` to `facts`.
pub(super) fn read<T>(
    text: &str,
    facts: impl FnOnce(&X509Certificate<'_>) -> Result<T, CertificateError>,
) -> Result<T, CertificateError> {
    let mut blocks = Pem::iter_from_buffer(text.as_bytes());
    let first = blocks.find(|block| block.as_ref().map_or(true, |pem| pem.label == "CERTIFICATE"));
    let pem = first.ok_or(CertificateError::Absent)?.map_err(unreadable)?;
    let (rest, x509) = parse_x509_certificate(&pem.contents).map_err(unreadable)?;
    if rest.is_empty() { facts(&x509) } else { Err(unreadable("there is something after its end")) }
}

pub(super) fn is_authority(x509: &X509Certificate<'_>) -> Result<(), CertificateError> {
    if x509.is_ca() { Ok(()) } else { Err(CertificateError::NotAnAuthority(common_name(x509.subject()))) }
}

fn in_date(x509: &X509Certificate<'_>, now: OffsetDateTime) -> Result<(), CertificateError> {
    let (from, on) = (x509.validity().not_before.to_datetime(), x509.validity().not_after.to_datetime());
    let name = || common_name(x509.subject());
    if now < from {
        return Err(CertificateError::NotYetValid { name: name(), from });
    }
    if now > on { Err(CertificateError::Expired { name: name(), on }) } else { Ok(()) }
}

pub(super) fn belongs(x509: &X509Certificate<'_>, key: &Secret) -> Result<(), CertificateError> {
    let key = KeyPair::from_pem(key.expose()).map_err(|_| CertificateError::KeyUnreadable)?;
    if key.der_bytes() == &*x509.public_key().subject_public_key.data {
        Ok(())
    } else {
        Err(CertificateError::KeyMismatch(common_name(x509.subject())))
    }
}

fn common_name(name: &X509Name<'_>) -> String {
    name.iter_common_name().next().and_then(|name| name.as_str().ok()).unwrap_or_default().to_owned()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = || <[u8; 4]>::try_from(bytes).map(IpAddr::from).ok();
    v4().or_else(|| <[u8; 16]>::try_from(bytes).map(IpAddr::from).ok())
}

fn unreadable(error: impl std::fmt::Display) -> CertificateError {
    CertificateError::Unreadable(error.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::{Duration, macros::datetime};

    use super::*;
    use crate::mesh::certs::issue::{Authority, Identity, Names};

    const NOW: OffsetDateTime = datetime!(2026-01-31 12:00 UTC);

    #[test]
    fn the_facts_are_those_asked_for() {
        let authority = Authority::issue("cluster01", NOW);
        let facts = examine(&authority.sign(&Names::example(), NOW).certificate).unwrap();
        assert_eq!(
            (&facts.dns, &facts.ip, facts.common_name.as_str()),
            (&Names::example().dns, &Names::example().ip, "cluster01-elastic")
        );
        assert_eq!(facts.not_before, datetime!(2026-01-31 11:00 UTC));
        assert_eq!(facts.not_after, datetime!(2029-01-30 12:00 UTC));
        let of_authority = examine(authority.certificate()).unwrap();
        assert!(of_authority.common_name.starts_with("mesh cluster01 CA "));
        assert_eq!(of_authority.not_after, datetime!(2036-01-31 12:00 UTC));
        assert_ne!(
            of_authority.common_name,
            examine(Authority::issue("cluster01", NOW).certificate()).unwrap().common_name
        );
        let late = authority.sign(&Names::example(), NOW + Duration::days(3000));
        assert_eq!(examine(&late.certificate).unwrap().not_after, of_authority.not_after);
        assert_eq!(
            examine(Authority::issue("late", datetime!(2045-06-01 0:00 UTC)).certificate()).unwrap().not_after.year(),
            2055
        );
    }

    #[test]
    fn every_failure_is_in_the_users_words() {
        let (authority, other) = (Authority::issue("cluster01", NOW), Authority::issue("cluster02", NOW));
        let Identity { certificate, key } = authority.sign(&Names::example(), NOW);
        let check =
            |authority: &str, key, now| verify(&certificate, key, authority, now).map_err(|error| error.to_string());
        let refused = |authority: &str, key, now| check(authority, key, now).unwrap_err();
        let nonsense = Secret::new("x");
        assert_eq!(check(authority.certificate(), Some(&key), NOW), Ok(()));
        assert_eq!(verify(authority.certificate(), Some(authority.key()), authority.certificate(), NOW), Ok(()));
        assert!(
            refused(other.certificate(), None, NOW)
                .starts_with("the certificate of cluster01-elastic was not signed by mesh cluster02 CA ")
        );
        insta::assert_snapshot!(refused(&certificate, None, NOW), @"the certificate of cluster01-elastic is not that of an authority");
        insta::assert_snapshot!(refused(authority.certificate(), Some(other.key()), NOW), @"the private key does not belong to the certificate of cluster01-elastic");
        insta::assert_snapshot!(refused(authority.certificate(), Some(&nonsense), NOW), @"the private key cannot be read, it should be PKCS#8 in PEM form");
        insta::assert_snapshot!(refused(authority.certificate(), None, NOW + Duration::days(1100)), @"the certificate of cluster01-elastic expired on 2029-01-30 12:00 UTC");
        // The authority is looked at first, and both begin at the same time.
        assert!(
            refused(authority.certificate(), None, NOW - Duration::days(1))
                .ends_with(" is not valid before 2026-01-31 11:00 UTC")
        );
        assert!(
            refused(authority.certificate(), None, NOW + Duration::days(3653))
                .starts_with("the certificate of mesh cluster01 CA ")
        );
        insta::assert_snapshot!(refused("", None, NOW), @"there is no certificate in PEM form");
    }

    #[test]
    fn a_certificate_of_an_authority_that_begins_later_is_judged_by_itself() {
        let early = Authority::issue("cluster01", NOW + Duration::days(3));
        let (other, at_once) = (Authority::issue("cluster01", NOW), early.sign(&Names::example(), NOW));
        let check = |of: &Identity, key, authority: &Authority| {
            verify_trusted(&of.certificate, Some(key), authority.certificate(), NOW).is_ok()
        };
        assert!(verify(&at_once.certificate, None, early.certificate(), NOW).is_err());
        assert!(check(&at_once, &at_once.key, &early));
        assert!(!check(&at_once, other.key(), &early) && !check(&at_once, &at_once.key, &other));
        let later = early.sign(&Names::example(), NOW + Duration::days(3));
        assert!(!check(&later, &later.key, &early), "no server shows it before");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(at in 0usize..600, byte in "[A-Za-z0-9+/=\n-]", garbage in "\\PC*") {
            let mut pem = Authority::issue("cluster01", NOW).certificate().to_owned();
            pem.replace_range(at % pem.len()..=at % pem.len(), &byte);
            let _ = (examine(&pem), verify(&pem, None, &pem, NOW));
            prop_assert!(examine(&garbage).is_err());
        }
    }
}
