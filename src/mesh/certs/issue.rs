//! Issuing: a new authority, and identities that it signs. Pure but for the randomness of keys.

use std::{collections::BTreeSet, net::IpAddr};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData as _, SanType,
};
use ring::digest::{SHA256, digest};
use time::{Duration, OffsetDateTime};

use super::{
    CertificateError,
    examine::{belongs, examine, is_authority, read},
};
use crate::mesh::{passphrase::hex, secret::Secret};

/// Ten years, leap days included.
const AUTHORITY_LIFETIME: Duration = Duration::days(3652);
/// Three years.
const IDENTITY_LIFETIME: Duration = Duration::days(3 * 365);
/// How long before its issue a certificate is valid, for clocks that are late.
const BACKDATE: Duration = Duration::hours(1);

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

impl Names {
    #[cfg(test)]
    pub fn example() -> Self {
        Self {
            common_name: "cluster01-elastic".to_owned(),
            dns: ["cluster01-elastic", "localhost"].map(str::to_owned).into(),
            ip: ["127.0.0.1", "::1"].map(|ip| ip.parse().expect("should be an address")).into(),
        }
    }
}

/// What the common name of an authority begins with.
fn name_of_authority(name: &str) -> String {
    format!("mesh {name} CA ")
}

/// Whether a certificate with this common name is of an authority that was issued as `name`.
pub fn is_authority_of(common_name: &str, name: &str) -> bool {
    common_name.starts_with(&name_of_authority(name))
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
        let mut params =
            params(format!("{}{}", name_of_authority(name), hex(&serial[..4])), serial, now, now + AUTHORITY_LIFETIME);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).expect("an authority should sign itself");
        Self { certificate: certificate.pem(), key: Secret::new(key.serialize_pem()) }
    }

    /// An authority that was issued before.
    ///
    /// # Errors
    /// When the certificate or the key cannot be read, do not belong together, or the certificate is not an
    /// authority's.
    pub fn open(certificate: &str, key: &Secret) -> Result<Self, CertificateError> {
        read(certificate, |x509| {
            belongs(x509, key)?;
            is_authority(x509)
        })?;
        let authority = Self { certificate: certificate.to_owned(), key: key.clone() };
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
    /// authority. An authority past its end signs too; [`super::verify`] refuses the result.
    ///
    /// # Panics
    /// When a name in `names.dns` is not ASCII, or the system has no randomness.
    #[must_use]
    pub fn sign(&self, names: &Names, now: OffsetDateTime) -> Identity {
        let issuer = self.issuer().expect("an authority should have been checked when it was made");
        let end = examine(&self.certificate).expect("an authority should have been checked when it was made").not_after;
        let (key, serial) = new_key();
        let mut params = params(names.common_name.clone(), serial, now, end.min(now + IDENTITY_LIFETIME));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let dns = names
            .dns
            .iter()
            .map(|name| SanType::DnsName(name.as_str().try_into().expect("a DNS name should be ASCII")));
        params.subject_alt_names = dns.chain(names.ip.iter().copied().map(SanType::IpAddress)).collect();
        let certificate = params.signed_by(&key, &issuer).expect("an authority should sign");
        Identity { certificate: certificate.pem(), key: Secret::new(key.serialize_pem()) }
    }

    fn issuer(&self) -> Result<Issuer<'static, KeyPair>, CertificateError> {
        let key = KeyPair::from_pem(self.key.expose()).map_err(|_| CertificateError::KeyUnreadable)?;
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

fn params(common_name: String, serial: [u8; 16], now: OffsetDateTime, not_after: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.serial_number = Some(serial.to_vec().into());
    params.not_before = now - BACKDATE;
    params.not_after = not_after;
    params
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration as StdDuration};

    use rustls::{
        RootCertStore,
        client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
        crypto::ring::default_provider,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime, pem::PemObject as _},
        server::WebPkiClientVerifier,
    };
    use time::macros::datetime;

    use super::*;
    use crate::mesh::certs::verify;

    const NOW: OffsetDateTime = datetime!(2026-01-31 12:00 UTC);

    fn rustls_accepts(identity: &Identity, authority: &Authority, name: &str, now: OffsetDateTime) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.certificate().as_bytes()).unwrap()).unwrap();
        let (roots, provider) = (Arc::new(roots), Arc::new(default_provider()));
        let leaf = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
        let now = UnixTime::since_unix_epoch(StdDuration::from_secs(now.unix_timestamp().try_into().unwrap()));
        let server = WebPkiServerVerifier::builder_with_provider(roots.clone(), provider.clone()).build().unwrap();
        let client = WebPkiClientVerifier::builder_with_provider(roots, provider).build().unwrap();
        server.verify_server_cert(&leaf, &[], &ServerName::try_from(name).unwrap(), &[], now).is_ok()
            && client.verify_client_cert(&leaf, &[], now).is_ok()
    }

    #[test]
    fn rustls_accepts_an_identity_under_its_names_and_no_other() {
        let authority = Authority::issue("cluster01", NOW);
        let identity = authority.sign(&Names::example(), NOW);
        for name in ["cluster01-elastic", "localhost", "127.0.0.1", "::1"] {
            assert!(rustls_accepts(&identity, &authority, name, NOW), "{name}");
        }
        assert!(!rustls_accepts(&identity, &authority, "cluster02-elastic", NOW));
        assert!(!rustls_accepts(&identity, &authority, "127.0.0.2", NOW));
        assert!(!rustls_accepts(&identity, &Authority::issue("cluster01", NOW), "localhost", NOW));
        assert!(!rustls_accepts(&identity, &authority, "localhost", NOW + Duration::days(1096)));
        let key = PrivatePkcs8KeyDer::from_pem_slice(identity.key.expose().as_bytes()).unwrap();
        rustls::crypto::ring::sign::any_supported_type(&PrivateKeyDer::from(key)).unwrap();
    }

    #[test]
    fn the_right_name_without_the_right_key_is_refused() {
        let authority = Authority::issue("cluster01", NOW);
        let (key, serial) = new_key();
        let mut forged =
            params(examine(authority.certificate()).unwrap().common_name, serial, NOW, NOW + AUTHORITY_LIFETIME);
        forged.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let certificate = forged.self_signed(&key).unwrap().pem();
        let impostor = Authority::open(&certificate, &Secret::new(key.serialize_pem())).unwrap();
        let refused = verify(&impostor.sign(&Names::example(), NOW).certificate, None, authority.certificate(), NOW);
        assert!(matches!(refused, Err(CertificateError::NotSigned { .. })));
    }

    #[test]
    fn an_authority_opens_only_with_its_own_key() {
        let authority = Authority::issue("cluster01", NOW);
        let opened = Authority::open(authority.certificate(), authority.key()).unwrap();
        assert_eq!(opened, authority);
        assert!(rustls_accepts(&opened.sign(&Names::example(), NOW), &authority, "localhost", NOW));
        let other = Authority::issue("cluster01", NOW);
        assert!(matches!(Authority::open(authority.certificate(), other.key()), Err(CertificateError::KeyMismatch(_))));
        let identity = authority.sign(&Names::example(), NOW);
        assert!(matches!(
            Authority::open(&identity.certificate, &identity.key),
            Err(CertificateError::NotAnAuthority(_))
        ));
    }
}
