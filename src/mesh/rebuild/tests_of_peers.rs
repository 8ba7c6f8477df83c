//! A mesh that had joined others comes back with them, and replaces no container for it.

use super::{tests::*, *};
use crate::mesh::{
    peers::{Endpoint, Peer},
    settings::{AdvertiseBind, Advertised},
};

#[test]
fn peers_come_back_from_their_files() {
    let at = Endpoint { address: "192.0.2.12:9405".to_owned(), others: Vec::new(), server_name: None };
    let remotes = [("cluster05".parse().unwrap(), at)].into();
    let peer = Peer { mesh: None, suffix: None, on: "2".parse().ok(), remotes, leaving: false };
    let mut mesh = Mesh::example(3).with_span_on(ClusterId::new(2).unwrap());
    mesh.peers.insert("london".parse().unwrap(), peer);
    let left = traces(&mesh);
    let rebuilt = Mesh::rebuild(&left, &Overrides::default(), now()).unwrap();
    assert_eq!(rebuilt, mesh);
    assert_eq!(rebuilt.unexplained(&left), Vec::<String>::new());
}

#[test]
fn the_address_before_a_router_comes_back_from_invitations() {
    let (public, bind): (std::net::IpAddr, std::net::IpAddr) = ([198, 51, 100, 7].into(), [192, 0, 2, 11].into());
    let mut mesh = Mesh::example(2);
    mesh.spec.advertise = Advertised(Some(bind));
    let of = |invited: &[std::net::IpAddr]| {
        let mut mesh = mesh.clone();
        mesh.advertise_as_invited(invited.iter().copied().collect());
        (mesh.spec.advertise, mesh.spec.advertise_bind)
    };
    let kept = (Advertised(Some(bind)), AdvertiseBind(None));
    assert_eq!([of(&[]), of(&[bind]), of(&[bind, public])], [kept; 3]);
    assert_eq!(of(&[public]), (Advertised(Some(public)), AdvertiseBind(Some(bind))));
}
