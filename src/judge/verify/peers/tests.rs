//! Peers of whose links one thing at a time is wrong.

use super::{
    super::tests::{NOW, whole},
    *,
};
use crate::{
    facts::observed::ClusterFiles,
    mesh::{
        cluster_set::ClusterSet,
        example::cluster,
        id::NodeNumber,
        peers::{Peer, access::RemoteAccessFacts},
    },
};

#[test]
fn what_cannot_mend_itself_is_not_waited_for() {
    let at = Endpoint { address: "192.0.2.12:9402".to_owned(), others: Vec::new(), server_name: None };
    let of =
        |path: PathFacts, words: &str| hopeless(Some(&path), words, &at).map(|found| (found.code, found.is_certain));
    let reached = || PathFacts::Reached { address: String::new() };
    let distrusted = |words: &str| PathFacts::Distrusted(words.to_owned());
    assert_eq!(of(PathFacts::Closed("Connection refused".to_owned()), ""), Some(("peer-refused", true)));
    assert_eq!(of(reached(), "security_exception: unable to authenticate"), Some(("peer-key-refused", false)));
    assert_eq!(of(distrusted("unable to get local issuer certificate"), ""), Some(("peer-certificate-foreign", false)));
    assert_eq!(of(distrusted("certificate is not yet valid"), ""), None, "clocks may be seconds apart");
    assert_eq!([of(PathFacts::TimedOut, ""), of(reached(), "no seed node left")], [None, None]);
}

#[test]
fn causes_are_distinguished_by_the_words_of_those_who_refuse() {
    let of_server = [
        ("current license is non-compliant for [remote cluster]", "peer-license"),
        ("unable to authenticate API key", "peer-key-refused"),
        ("error attempting to authenticate request", "peer-key-refused"),
        ("Unable to open any connections to remote cluster [a]", "not-connected"),
    ];
    for (words, code) in of_server {
        assert_eq!(refusal(words.to_owned()).code(), code, "{words}");
    }
}

#[test]
fn causes_are_distinguished_by_how_far_a_connection_gets() {
    let distrusted = |words: &str| PathFacts::Distrusted(words.to_owned());
    let of_path = [
        (PathFacts::NameUnknown, "peer-name-unknown"),
        (PathFacts::Rejected("No route to host".to_owned()), "peer-no-route"),
        (PathFacts::Closed("Connection refused".to_owned()), "peer-refused"),
        (PathFacts::TimedOut, "peer-silent"),
        (distrusted("certificate is not yet valid"), "peer-clocks"),
        (distrusted("certificate has expired"), "peer-certificate-expired"),
        (distrusted("no alternative certificate subject name matches"), "peer-certificate-name"),
        (distrusted("unable to get local issuer certificate"), "peer-certificate-foreign"),
    ];
    for (path, code) in of_path {
        assert_eq!(reason(Some(&path), "unable to authenticate".to_owned()).code(), code, "{path:?}");
    }
}

#[test]
fn remedies_for_a_cluster_that_mesh_does_not_run_need_no_mesh_there() {
    let at = Endpoint { address: "192.0.2.20:9443".to_owned(), others: Vec::new(), server_name: None };
    let remotes = [("archive".parse().unwrap(), at)].into();
    let peer = Peer { mesh: None, suffix: None, on: None, remotes, leaving: false };
    let archive: PartnerName = "archive".parse().unwrap();
    let causes = [
        PeerCause::AccessLost,
        PeerCause::KeyRefused(String::new()),
        PeerCause::CertificateForeign(String::new()),
        PeerCause::CertificateName,
        PeerCause::Refused(String::new()),
        PeerCause::CertificateExpired,
        PeerCause::License(String::new()),
    ];
    let remedies = causes.iter().map(|cause| cause.remedy((&archive, &peer), cluster(1)));
    insta::assert_snapshot!(remedies.collect::<Vec<_>>().join("\n"), @r"
    ask the owner of archive for a new key, and `mesh join --remote archive --address 192.0.2.20:9443 --key-file FILE [--ca FILE]`
    ask the owner of archive for a new key, and `mesh join --remote archive --address 192.0.2.20:9443 --key-file FILE [--ca FILE]`
    ask the owner of archive for its authorities, and `mesh join --remote archive --address 192.0.2.20:9443 --key-file FILE [--ca FILE]`
    ask the owner of archive what its certificate is for, and join it again with that after `--server-name`; something else may answer at that address
    ask the owner of archive whether it runs, and what the firewalls on the way let through
    ask the owner of archive to renew it
    a license that allows links on the side that is named: `mesh create --license FILE` here, or ask the owner of archive
    ");
    let mesh = Peer { mesh: Some("f".repeat(16)), ..peer };
    for cause in causes {
        let remedy = cause.remedy((&archive, &mesh), cluster(1));
        assert!(!remedy.contains("--remote") && !remedy.contains("owner"), "{remedy}");
    }
}

#[test]
fn what_is_amiss_here_is_named_before_what_is_there() {
    let (mut mesh, mut there, mut evidence) = whole();
    let (berlin, far): (PartnerName, Alias) = ("berlin".parse().unwrap(), "far".parse().unwrap());
    let at = Endpoint { address: "192.0.2.12:9402".to_owned(), others: Vec::new(), server_name: None };
    let remotes = [(far.clone(), at)].into();
    let peer = Peer { mesh: None, suffix: None, on: ClusterSet::first(1), remotes, leaving: false };
    mesh.peers.insert(berlin.clone(), peer);
    let node = cluster(1).node(NodeNumber::FIRST);
    evidence.peer_paths.insert((node, far.clone()), PathFacts::NameUnknown);
    let code = |there: &Observed| {
        let mut links = judge_peers(&mesh, Scope::Mesh, there, &evidence, NOW);
        links.remove(0).cause.unwrap().code
    };
    assert_eq!(code(&there), "peer-access-lost");

    let access = RemoteAccessFacts {
        authorities: String::new(),
        digest: "digest".to_owned(),
        expires: Some(NOW),
        shares: Vec::new(),
        version: None,
    };
    let remotes = there.peers.entry(berlin.clone()).or_default();
    remotes.insert(far.clone(), access);
    assert_eq!(code(&there), "remote-missing");

    let settings = &mut there.server_mut(cluster(1)).remotes;
    settings.insert("cluster.remote.far.mode".to_owned(), "proxy".to_owned());
    assert_eq!(code(&there), "credentials-missing");

    let keystore = Some([(keystore::credentials_of(&far), "digest".to_owned())].into());
    let nodes = [(NodeNumber::FIRST, NodeFiles { keystore, ..NodeFiles::default() })].into();
    there.files.insert(cluster(1), ClusterFiles { nodes, ..ClusterFiles::default() });
    assert_eq!(code(&there), "peer-key-expired");

    there.peers.get_mut(&berlin).unwrap().get_mut(&far).unwrap().expires = None;
    assert_eq!(code(&there), "peer-name-unknown");
    there.servers.remove(&cluster(1));
    assert_eq!(code(&there), "server-silent");
}
