//! The certificates of a mesh: an authority for each cluster, and an identity for each of its services.
//!
//! Everything is ECDSA P-256, certificates and PKCS#8 keys are PEM. Keys are drawn by `ring` from the system's
//! randomness; serial numbers are derived from the fresh public key, so they are as random. Pure otherwise: no I/O, and
//! the time is an argument.

use std::{
    collections::{BTreeSet, HashSet},
    net::IpAddr,
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData as _, SanType,
};
use ring::digest::{SHA256, digest};
use time::{Duration, OffsetDateTime};
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, parse_x509_certificate, pem::Pem,
    prelude::X509Name,
};

use super::{passphrase::hex, secret::Secret};

/// Ten years, leap days included.
const AUTHORITY_LIFETIME: Duration = Duration::days(3652);
/// Three years.
const IDENTITY_LIFETIME: Duration = Duration::days(3 * 365);
/// How long before its issue a certificate is valid, for clocks that are late.
const BACKDATE: Duration = Duration::hours(1);

/// Why a certificate or its key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[error("there is no certificate in PEM form")]
    Absent,
    #[error("the certificate cannot be read: {0}")]
    Unreadable(String),
    #[error("the private key cannot be read, it should be PKCS#8 in PEM form")]
    KeyUnreadable,
    #[error("the private key does not belong to the certificate of {0}")]
    KeyMismatch(String),
    #[error("the certificate of {0} is not that of an authority")]
    NotAnAuthority(String),
    #[error("the certificate of {name} was not signed by {authority}")]
    NotSigned { name: String, authority: String },
    #[error("the certificate of {name} is not valid before {} {:02}:{:02} UTC", .from.date(), .from.hour(), .from.minute())]
    NotYetValid { name: String, from: OffsetDateTime },
    #[error("the certificate of {name} expired on {} {:02}:{:02} UTC", .on.date(), .on.hour(), .on.minute())]
    Expired { name: String, on: OffsetDateTime },
}

/// A certificate authority with its key, which belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    certificate: String,
    key: Secret,
}

/// What a certificate is for. Every name is checked by those who connect, the common name by none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    pub common_name: String,
    /// ASCII only.
    pub dns: BTreeSet<String>,
    pub ip: BTreeSet<IpAddr>,
}

/// A service's certificate with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub certificate: String,
    pub key: Secret,
}

impl Authority {
    /// A new authority for ten years, called `mesh <name> CA <8 digits of its serial number>`: a bundle may hold an old
    /// and a new authority of one cluster, and verifiers look them up by name. Signs identities only, no further
    /// authorities.
    ///
    /// # Panics
    /// When the system has no randomness.
    #[must_use]
    pub fn issue(name: &str, now: OffsetDateTime) -> Self {
        let (key, serial) = new_key();
        let mut params = params(
            format!("mesh {name} CA {}", hex(&serial[..4])),
            serial,
            now,
            now + AUTHORITY_LIFETIME,
        );
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params
            .self_signed(&key)
            .expect("an authority should sign itself");
        Self {
            certificate: certificate.pem(),
            key: Secret::new(key.serialize_pem()),
        }
    }

    /// An authority that was issued before.
    ///
    /// # Errors
    /// When the certificate or the key cannot be read, do not belong together, or the certificate is not an
    /// authority's.
    pub fn open(certificate: &str, key: &Secret) -> Result<Self, CertificateError> {
        read_first(certificate, |x509| {
            belongs(x509, key)?;
            is_authority(x509)
        })?;
        let authority = Self {
            certificate: certificate.to_owned(),
            key: key.clone(),
        };
        authority.issuer()?;
        Ok(authority)
    }

    /// PEM.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// PKCS#8 PEM.
    #[must_use]
    pub fn key(&self) -> &Secret {
        &self.key
    }

    /// A new key and a certificate for it, for servers and clients, valid for three years but never longer than the
    /// authority. An authority past its end signs too; [`verify`] refuses the result.
    ///
    /// # Panics
    /// When a name in `names.dns` is not ASCII, or the system has no randomness.
    #[must_use]
    pub fn sign(&self, names: &Names, now: OffsetDateTime) -> Identity {
        let issuer = self
            .issuer()
            .expect("an authority should have been checked when it was made");
        let end = examine(&self.certificate)
            .expect("an authority should have been checked when it was made")
            .not_after;
        let (key, serial) = new_key();
        let mut params = params(
            names.common_name.clone(),
            serial,
            now,
            end.min(now + IDENTITY_LIFETIME),
        );
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.use_authority_key_identifier_extension = true;
        let dns = names.dns.iter().map(|name| {
            SanType::DnsName(
                name.as_str()
                    .try_into()
                    .expect("a DNS name should be ASCII"),
            )
        });
        params.subject_alt_names = dns
            .chain(names.ip.iter().copied().map(SanType::IpAddress))
            .collect();
        let certificate = params
            .signed_by(&key, &issuer)
            .expect("an authority should sign");
        Identity {
            certificate: certificate.pem(),
            key: Secret::new(key.serialize_pem()),
        }
    }

    fn issuer(&self) -> Result<Issuer<'static, KeyPair>, CertificateError> {
        let key =
            KeyPair::from_pem(self.key.expose()).map_err(|_| CertificateError::KeyUnreadable)?;
        Issuer::from_ca_cert_pem(&self.certificate, key)
            .map_err(|error| CertificateError::Unreadable(error.to_string()))
    }
}

fn new_key() -> (KeyPair, [u8; 16]) {
    let key = KeyPair::generate().expect("the system should have randomness");
    let mut serial = [0; 16];
    serial.copy_from_slice(&digest(&SHA256, key.der_bytes()).as_ref()[..16]);
    // A serial number is positive, and without a leading zero byte its length is always the same.
    serial[0] = serial[0] & 0x3f | 0x40;
    (key, serial)
}

fn params(
    common_name: String,
    serial: [u8; 16],
    now: OffsetDateTime,
    not_after: OffsetDateTime,
) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.serial_number = Some(serial.to_vec().into());
    params.not_before = now - BACKDATE;
    params.not_after = not_after;
    params
}

/// What a certificate says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    /// Empty when there is none.
    pub common_name: String,
    pub dns: BTreeSet<String>,
    pub ip: BTreeSet<IpAddr>,
    /// SHA-256 of the whole certificate, 64 lower-case hexadecimal digits.
    pub fingerprint: String,
}

/// Reads the first certificate of `pem`.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn examine(pem: &str) -> Result<CertificateFacts, CertificateError> {
    read_first(pem, |x509| {
        let mut facts = CertificateFacts {
            not_before: x509.validity().not_before.to_datetime(),
            not_after: x509.validity().not_after.to_datetime(),
            common_name: common_name(x509.subject()),
            dns: BTreeSet::new(),
            ip: BTreeSet::new(),
            fingerprint: hex(digest(&SHA256, x509.as_raw()).as_ref()),
        };
        let names = x509.subject_alternative_name().map_err(unreadable)?;
        for name in names
            .iter()
            .flat_map(|extension| &extension.value.general_names)
        {
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
    read_first(certificate, |x509| {
        read_first(authority, |authority| {
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

/// One PEM text of several: in the order given, each ending in exactly one line break, a text that comes again left
/// out.
pub fn bundle<'a>(authorities: impl Iterator<Item = &'a str>) -> String {
    let mut seen = HashSet::new();
    authorities
        .map(str::trim)
        .filter(|pem| !pem.is_empty() && seen.insert(*pem))
        .flat_map(|pem| [pem, "\n"])
        .collect()
}

/// The fingerprint of every certificate of `bundle`, in order; none for an empty text.
///
/// # Errors
/// When one of them cannot be read.
pub fn fingerprints(bundle: &str) -> Result<Vec<String>, CertificateError> {
    certificates(bundle)
        .map(|pem| {
            read(&pem?, |x509| {
                Ok(hex(digest(&SHA256, x509.as_raw()).as_ref()))
            })
        })
        .collect()
}

fn certificates(text: &str) -> impl Iterator<Item = Result<Pem, CertificateError>> {
    let blocks = Pem::iter_from_buffer(text.as_bytes()).map(|block| block.map_err(unreadable));
    blocks.filter(|block| {
        block
            .as_ref()
            .map_or(true, |pem| pem.label == "CERTIFICATE")
    })
}

fn read_first<T>(
    text: &str,
    facts: impl FnOnce(&X509Certificate<'_>) -> Result<T, CertificateError>,
) -> Result<T, CertificateError> {
    read(
        &certificates(text)
            .next()
            .ok_or(CertificateError::Absent)??,
        facts,
    )
}

fn read<T>(
    pem: &Pem,
    facts: impl FnOnce(&X509Certificate<'_>) -> Result<T, CertificateError>,
) -> Result<T, CertificateError> {
    let (rest, x509) = parse_x509_certificate(&pem.contents).map_err(unreadable)?;
    if rest.is_empty() {
        facts(&x509)
    } else {
        Err(unreadable("there is something after its end"))
    }
}

fn is_authority(x509: &X509Certificate<'_>) -> Result<(), CertificateError> {
    if x509.is_ca() {
        Ok(())
    } else {
        Err(CertificateError::NotAnAuthority(common_name(
            x509.subject(),
        )))
    }
}

fn in_date(x509: &X509Certificate<'_>, now: OffsetDateTime) -> Result<(), CertificateError> {
    let (from, on) = (
        x509.validity().not_before.to_datetime(),
        x509.validity().not_after.to_datetime(),
    );
    let name = || common_name(x509.subject());
    if now < from {
        return Err(CertificateError::NotYetValid { name: name(), from });
    }
    if now > on {
        Err(CertificateError::Expired { name: name(), on })
    } else {
        Ok(())
    }
}

fn belongs(x509: &X509Certificate<'_>, key: &Secret) -> Result<(), CertificateError> {
    let key = KeyPair::from_pem(key.expose()).map_err(|_| CertificateError::KeyUnreadable)?;
    if key.der_bytes() == &*x509.public_key().subject_public_key.data {
        Ok(())
    } else {
        Err(CertificateError::KeyMismatch(common_name(x509.subject())))
    }
}

fn common_name(name: &X509Name<'_>) -> String {
    name.iter_common_name()
        .next()
        .and_then(|name| name.as_str().ok())
        .unwrap_or_default()
        .to_owned()
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
    use std::{sync::Arc, time::Duration as StdDuration};

    use proptest::prelude::*;
    use rustls::{
        RootCertStore,
        client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
        crypto::ring::default_provider,
        pki_types::{
            CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime,
            pem::PemObject as _,
        },
        server::WebPkiClientVerifier,
    };
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-31 12:00 UTC);

    fn names() -> Names {
        Names {
            common_name: "cluster01-elastic".to_owned(),
            dns: ["cluster01-elastic", "localhost"].map(str::to_owned).into(),
            ip: ["127.0.0.1", "::1"].map(|ip| ip.parse().unwrap()).into(),
        }
    }

    fn rustls_accepts(
        identity: &Identity,
        authority: &Authority,
        name: &str,
        now: OffsetDateTime,
    ) -> bool {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(authority.certificate().as_bytes()).unwrap())
            .unwrap();
        let (roots, provider) = (Arc::new(roots), Arc::new(default_provider()));
        let leaf = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
        let now = UnixTime::since_unix_epoch(StdDuration::from_secs(
            now.unix_timestamp().try_into().unwrap(),
        ));
        let server = WebPkiServerVerifier::builder_with_provider(roots.clone(), provider.clone())
            .build()
            .unwrap();
        let client = WebPkiClientVerifier::builder_with_provider(roots, provider)
            .build()
            .unwrap();
        server
            .verify_server_cert(&leaf, &[], &ServerName::try_from(name).unwrap(), &[], now)
            .is_ok()
            && client.verify_client_cert(&leaf, &[], now).is_ok()
    }

    #[test]
    fn rustls_accepts_an_identity_under_its_names_and_no_other() {
        let authority = Authority::issue("cluster01", NOW);
        let identity = authority.sign(&names(), NOW);
        for name in ["cluster01-elastic", "localhost", "127.0.0.1", "::1"] {
            assert!(rustls_accepts(&identity, &authority, name, NOW), "{name}");
        }
        assert!(!rustls_accepts(
            &identity,
            &authority,
            "cluster02-elastic",
            NOW
        ));
        assert!(!rustls_accepts(&identity, &authority, "127.0.0.2", NOW));
        assert!(!rustls_accepts(
            &identity,
            &Authority::issue("cluster01", NOW),
            "localhost",
            NOW
        ));
        assert!(!rustls_accepts(
            &identity,
            &authority,
            "localhost",
            NOW + Duration::days(1096)
        ));
        let key = PrivatePkcs8KeyDer::from_pem_slice(identity.key.expose().as_bytes()).unwrap();
        rustls::crypto::ring::sign::any_supported_type(&PrivateKeyDer::from(key)).unwrap();
    }

    #[test]
    fn the_facts_are_those_asked_for() {
        let authority = Authority::issue("cluster01", NOW);
        let facts = examine(&authority.sign(&names(), NOW).certificate).unwrap();
        assert_eq!(
            (&facts.dns, &facts.ip, facts.common_name.as_str()),
            (&names().dns, &names().ip, "cluster01-elastic")
        );
        assert_eq!(facts.not_before, datetime!(2026-01-31 11:00 UTC));
        assert_eq!(facts.not_after, datetime!(2029-01-30 12:00 UTC));
        let of_authority = examine(authority.certificate()).unwrap();
        assert!(of_authority.common_name.starts_with("mesh cluster01 CA "));
        assert_eq!(of_authority.not_after, datetime!(2036-01-31 12:00 UTC));
        assert_ne!(
            of_authority.common_name,
            examine(Authority::issue("cluster01", NOW).certificate())
                .unwrap()
                .common_name
        );
        let late = authority.sign(&names(), NOW + Duration::days(3000));
        assert_eq!(
            examine(&late.certificate).unwrap().not_after,
            of_authority.not_after
        );
        assert_eq!(
            examine(Authority::issue("late", datetime!(2045-06-01 0:00 UTC)).certificate())
                .unwrap()
                .not_after
                .year(),
            2055
        );
    }

    #[test]
    fn every_failure_is_said_in_the_users_words() {
        let (authority, other) = (
            Authority::issue("cluster01", NOW),
            Authority::issue("cluster02", NOW),
        );
        let Identity { certificate, key } = authority.sign(&names(), NOW);
        let check = |authority: &str, key, now| {
            verify(&certificate, key, authority, now).map_err(|error| error.to_string())
        };
        let refused = |authority: &str, key, now| check(authority, key, now).unwrap_err();
        let nonsense = Secret::new("x");
        assert_eq!(check(authority.certificate(), Some(&key), NOW), Ok(()));
        assert_eq!(
            verify(
                authority.certificate(),
                Some(authority.key()),
                authority.certificate(),
                NOW
            ),
            Ok(())
        );
        assert!(refused(other.certificate(), None, NOW).starts_with(
            "the certificate of cluster01-elastic was not signed by mesh cluster02 CA "
        ));
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
    fn the_right_name_without_the_right_key_is_refused() {
        let authority = Authority::issue("cluster01", NOW);
        let (key, serial) = new_key();
        let mut forged = params(
            examine(authority.certificate()).unwrap().common_name,
            serial,
            NOW,
            NOW + AUTHORITY_LIFETIME,
        );
        forged.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let certificate = forged.self_signed(&key).unwrap().pem();
        let impostor = Authority::open(&certificate, &Secret::new(key.serialize_pem())).unwrap();
        let refused = verify(
            &impostor.sign(&names(), NOW).certificate,
            None,
            authority.certificate(),
            NOW,
        );
        assert!(matches!(refused, Err(CertificateError::NotSigned { .. })));
    }

    #[test]
    fn an_authority_opens_only_with_its_own_key() {
        let authority = Authority::issue("cluster01", NOW);
        let opened = Authority::open(authority.certificate(), authority.key()).unwrap();
        assert_eq!(opened, authority);
        assert!(rustls_accepts(
            &opened.sign(&names(), NOW),
            &authority,
            "localhost",
            NOW
        ));
        let other = Authority::issue("cluster01", NOW);
        assert!(matches!(
            Authority::open(authority.certificate(), other.key()),
            Err(CertificateError::KeyMismatch(_))
        ));
        let identity = authority.sign(&names(), NOW);
        assert!(matches!(
            Authority::open(&identity.certificate, &identity.key),
            Err(CertificateError::NotAnAuthority(_))
        ));
    }

    #[test]
    fn a_bundle_keeps_order_and_drops_what_comes_again() {
        let (a, b) = (
            Authority::issue("cluster01", NOW),
            Authority::issue("cluster02", NOW),
        );
        let loose = format!("\n{}\n\n", a.certificate());
        let text = bundle(
            [
                b.certificate(),
                &loose,
                b.certificate(),
                a.certificate(),
                "",
            ]
            .into_iter(),
        );
        assert_eq!(text, [b.certificate(), a.certificate()].concat());
        let expected =
            [&b, &a].map(|authority| examine(authority.certificate()).unwrap().fingerprint);
        assert_eq!(fingerprints(&text).unwrap(), expected);
        assert_eq!(fingerprints(""), Ok(vec![]));
        assert!(fingerprints(&text[..text.len() - 30]).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(at in 0usize..600, byte in "[A-Za-z0-9+/=\n-]", garbage in "\\PC*") {
            let mut pem = Authority::issue("cluster01", NOW).certificate().to_owned();
            pem.replace_range(at % pem.len()..=at % pem.len(), &byte);
            let _ = (examine(&pem), fingerprints(&pem), verify(&pem, None, &pem, NOW));
            prop_assert!(examine(&garbage).is_err());
        }
    }
}
