//! What to do about an image that cannot be pulled or pushed, and about a registry that does not let the engine in, by
//! what that reported. Pure.

use crate::mesh::settings::{meant_as_a_host, registry_of};

/// How Docker's engines, of either image store, report that a registry wants a login, or another one.
const WANTS_LOGIN: [&str; 6] = [
    "no basic auth credentials",
    "unauthorized",
    "authentication required",
    "authorization failed",
    "access denied",
    "requested access to the resource is denied",
];

/// What to type where an image of the mesh's registry cannot be pulled. `with_flags` is what to type for other flags of
/// `mesh create`.
pub fn way_to_pull(image: &str, words: &str, with_flags: impl Fn(&str) -> String) -> String {
    if let Some(host) = meant_as_a_host(image) {
        return format!(
            "Docker takes `{host}` for a name on Docker Hub: name the registry by its full name, or with its port: {}",
            with_flags(&format!("--registry {host}:PORT"))
        );
    }
    way_in(registry_of(image), words).unwrap_or_else(|| {
        format!(
            "check the version and the way to the registry (by the engine's proxy, which `docker info` shows: it takes \
             none from this shell), or name a mirror: {}; \
             without any, `images/build all` builds stand-ins for `--registry mesh.local`",
            with_flags("--registry HOST")
        )
    })
}

/// What to type where an image cannot be pushed to `host`, a registry.
pub fn way_to_push(host: &str, words: &str) -> String {
    let lower = words.to_lowercase();
    let is_of = |refusals: &[&str]| refusals.iter().any(|refusal| lower.contains(refusal));
    if is_of(&["http 413", "413 request entity", "413 payload"]) {
        return "it, or a proxy before it, takes no layer of that size: raise the limit there (nginx: \
                `client_max_body_size 0;`); then type the same command again: what it has is not sent again"
            .to_owned();
    }
    if is_of(&["toomanyrequests", "http 429", "429 too many"]) {
        return "it limits how often it is asked: wait, then type the same command again: what it has is not sent again"
            .to_owned();
    }
    if is_of(&["http 403", "403 forbidden", "access forbidden"]) {
        return format!(
            "this login may not push there: `docker login {host}` with one that may, as the user who runs `mesh`, or \
             name a path where it may with `--to {host}/PATH`; then type the same command again"
        );
    }
    way_in(host, words).unwrap_or_else(|| {
        format!(
            "where it wants a login, `docker login {host}`; one without TLS has to be in `insecure-registries` of \
             /etc/docker/daemon.json; then type the same command again"
        )
    })
}

/// What to type where `host`, a registry, wants a login, speaks no TLS, or has a certificate that the engine does not
/// trust; `None` where it is not that.
pub fn way_in(host: &str, words: &str) -> Option<String> {
    let words = words.to_lowercase();
    Some(if words.contains("server gave http response to https client") {
        format!(
            "it speaks no TLS: add `\"insecure-registries\": [\"{host}\"]` to /etc/docker/daemon.json, which \
             `systemctl reload docker` has the engine read; then type the same command again"
        )
    } else if words.contains("certificate signed by unknown authority") && host == "docker.io" {
        // the engine reads no authorities of its own for it
        "put the certificate of the authority that signed what answers among those of this machine \
         (/usr/local/share/ca-certificates and `update-ca-certificates`, or /etc/pki/ca-trust/source/anchors and \
         `update-ca-trust`), then `systemctl restart docker`, and type the same command again; or name another registry"
            .to_owned()
    } else if words.contains("certificate signed by unknown authority") {
        format!(
            "put the certificate of the authority that signed its own into /etc/docker/certs.d/{host}/ca.crt; then \
             type the same command again"
        )
    } else if WANTS_LOGIN.iter().any(|refusal| words.contains(refusal)) {
        format!(
            "it wants a login, or has no such image for this one: `docker login {host}`, as the user who runs `mesh`; \
             then type the same command again"
        )
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::typed_again::with_flags_again;

    #[test]
    fn an_image_that_cannot_be_pulled_is_had_from_another_registry() {
        let way = |image: &str| way_to_pull(image, "no such host", with_flags_again);
        insta::assert_snapshot!(way("mirror/kibana/kibana:9.5.3"), @"Docker takes `mirror` for a name on Docker Hub: name the registry by its full name, or with its port: type the same command again with `--registry mirror:PORT`");
        insta::assert_snapshot!(way("vm:5000/kibana/kibana:9.5.3"), @"check the version and the way to the registry (by the engine's proxy, which `docker info` shows: it takes none from this shell), or name a mirror: type the same command again with `--registry HOST`; without any, `images/build all` builds stand-ins for `--registry mesh.local`");
        let refused = way_to_pull("vm:5000/kibana/kibana:9.5.3", "401 Unauthorized", with_flags_again);
        assert!(refused.contains("`docker login vm:5000`"), "{refused}");
    }

    #[test]
    fn a_registry_that_takes_no_image_is_given_what_it_asks_for() {
        let way = |words: &str| way_to_push("vm:5000", words);
        for (words, part) in [
            ("error parsing HTTP 413 response body: invalid character '<'", "client_max_body_size 0;"),
            ("unexpected status from PUT request to http://vm:5000/v2/: 413 Payload Too Large", "client_max_body_size"),
            ("toomanyrequests: You have reached your rate limit", "wait, then"),
            ("unexpected status from POST request to http://vm:5000/v2/: 403 Forbidden", "`--to vm:5000/PATH`"),
            ("denied: access forbidden", "`docker login vm:5000` with one that may"),
            ("no basic auth credentials", "it wants a login"),
            ("connect: connection refused", "where it wants a login, `docker login vm:5000`"),
        ] {
            assert!(way(words).contains(part), "{words}: {}", way(words));
        }
    }

    #[test]
    fn a_registry_that_lets_no_one_in_is_entered_by_what_it_lacks() {
        let way = |words: &str| way_in("vm:5000", words).unwrap();
        insta::assert_snapshot!(way(r#"Get "https://vm:5000/v2/": http: server gave HTTP response to HTTPS client"#), @r#"it speaks no TLS: add `"insecure-registries": ["vm:5000"]` to /etc/docker/daemon.json, which `systemctl reload docker` has the engine read; then type the same command again"#);
        insta::assert_snapshot!(way("tls: failed to verify certificate: x509: certificate signed by unknown authority"), @"put the certificate of the authority that signed its own into /etc/docker/certs.d/vm:5000/ca.crt; then type the same command again");
        let login = way("no basic auth credentials");
        insta::assert_snapshot!(login, @"it wants a login, or has no such image for this one: `docker login vm:5000`, as the user who runs `mesh`; then type the same command again");
        for refused in [
            "unauthorized: authentication required",
            "pull access denied for r/a, repository does not exist or may require 'docker login'",
            "unexpected status from HEAD request to http://vm:5000/v2/a/manifests/1: 401 Unauthorized",
            "push access denied, repository does not exist or may require authorization: authorization failed",
        ] {
            assert_eq!(way(refused), login, "{refused}");
        }
        for other in ["manifest unknown", "dial tcp 127.0.0.1:1: connect: connection refused", "permission denied"] {
            assert_eq!(way_in("vm:5000", other), None, "{other}");
        }
    }
}
