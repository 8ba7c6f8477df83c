//! The alerts on what ends by itself: keys, certificates and licenses. Pure: no I/O.

use super::super::{Lead, Severity, Watch};
use super::Draft;
use crate::mesh::certs;

/// Keys and certificates are renewed by the timer before the first of these.
pub(super) fn alerts(watch: &Watch<'_>) -> Vec<Draft> {
    let of = |metric: &str, (more_than, less_than): (i64, i64)| {
        let left = format!("{metric}{{$M}} - time()");
        if more_than == 0 {
            format!("{left} < {less_than}")
        } else {
            format!("{left} < {less_than} and {left} >= {more_than}")
        }
    };
    let two = |alert, metric: &str, lead: &Lead, (summary, description, command)| {
        let (warning, critical) = (lead.warning.whole_seconds(), lead.critical.whole_seconds());
        let draft = |severity, between| Draft {
            alert,
            expr: of(metric, between),
            held: Some("10m"),
            severity,
            summary,
            description,
            command,
        };
        [draft(Severity::Warning, (critical, warning)), draft(Severity::Critical, (0, critical))]
    };
    let keys = Lead::of(watch.mesh.key_margin());
    let certificates = Lead::of(certs::MARGIN);
    let mut drafts = Vec::new();
    drafts.extend(two(
        "MeshKeyExpiring",
        "mesh_api_key_expiry_timestamp_seconds",
        &keys,
        (
            "the API key of {{ $labels.cluster }} expires in {{ $value | humanizeDuration }}",
            "No cluster can search it from then on.",
            "mesh keys extend $N",
        ),
    ));
    drafts.extend(two(
        "MeshPeerKeyExpiring",
        "mesh_peer_key_expiry_timestamp_seconds",
        &certificates,
        (
            "the API key for {{ $labels.to }} expires in {{ $value | humanizeDuration }}",
            "It is a key of the mesh {{ $labels.peer }}, which can extend it, or write another invitation.",
            "mesh peers ls",
        ),
    ));
    drafts.extend(two(
        "MeshCertificateExpiring",
        "mesh_certificate_expiry_timestamp_seconds",
        &certificates,
        (
            "a certificate of {{ $labels.cluster }} expires in {{ $value | humanizeDuration }}",
            "No client and no cluster trusts it from then on.",
            "mesh certs ls $N",
        ),
    ));
    drafts.extend(two(
        "MeshGatewayCertificateExpiring",
        "mesh_gateway_certificate_expiry_timestamp_seconds",
        &certificates,
        (
            "the certificate of the gateway expires in {{ $value | humanizeDuration }}",
            "No client trusts it from then on.",
            "mesh certs ls gateway",
        ),
    ));
    drafts.push(Draft {
        alert: "MeshLicenseExpiring",
        expr: format!(
            "mesh_license_expiry_timestamp_seconds{{$M, type=\"trial\"}} - time() < {}\n\
             or mesh_license_expiry_timestamp_seconds{{$M, type!=\"trial\"}} - time() < {}",
            8 * 86_400,
            30 * 86_400
        ),
        held: Some("10m"),
        severity: Severity::Warning,
        summary: "the {{ $labels.type }} license of {{ $labels.cluster }} expires in {{ $value | humanizeDuration }}",
        description: "Its links are down from then on.",
        command: "mesh create --license FILE",
    });
    drafts.push(Draft {
        alert: "MeshLicenseExpired",
        expr: "mesh_license_active{$M} == 0".to_owned(),
        held: Some("2m"),
        severity: Severity::Critical,
        summary: "the {{ $labels.type }} license of {{ $labels.cluster }} has expired",
        description: "Its links are down.",
        command: "mesh create --license FILE",
    });
    drafts
}
