//! A recorded mesh of which nothing is there yet: a run was killed between its record and its network. Nothing on the
//! machine holds its network and its ports then, so another mesh may take them, and they are chosen again. Pure: no
//! I/O.

use super::{Mesh, decide::Circumstances, network::Subnet};

impl Circumstances {
    /// The network that the recorded mesh keeps: its own, unless the mesh is unmade and others took it.
    pub(super) fn kept_subnet(&self, recorded: &Mesh) -> Option<Subnet> {
        Some(recorded.subnet).filter(|subnet| !(self.unmade && self.taken.overlaps(*subnet)))
    }

    /// Whether the recorded mesh keeps its ports: all, or none where it is unmade and others took one.
    pub(super) fn keeps_ports(&self, recorded: &Mesh) -> bool {
        !self.unmade || recorded.published().is_disjoint(&self.taken.ports)
    }
}

impl Mesh {
    /// What an unmade mesh no longer has of what `recorded` chose, and why, for people; `None` where it keeps all of
    /// it. `taker` is what has the network now, where that is known.
    pub fn chosen_again(&self, recorded: &Mesh, taker: Option<&str>) -> Option<String> {
        let ports = |mesh: &Mesh, service| mesh.place(service).map(|place| place.ports);
        let moved = self.subnet != recorded.subnet;
        let others = self.services().any(|service| {
            let before = ports(recorded, service);
            before.is_some() && before != ports(self, service)
        });
        let (old, new) = (recorded.subnet, self.subnet);
        let taker = taker.map_or_else(|| "others".to_owned(), |name| format!("Docker's network {name}"));
        let (gets, took) = match (moved, others) {
            (false, false) => return None,
            (true, false) => (format!("the network {new}"), format!("{taker} took {old}")),
            (true, true) => (format!("the network {new} and other ports"), format!("{taker} took {old}")),
            (false, true) => ("other ports".to_owned(), "others took some of its own".to_owned()),
        };
        Some(format!("the mesh gets {gets}: an earlier run ended before it made anything, and {took} meanwhile"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::mesh::{Owner, cluster_set::ClusterSet, decide::DecideError, settings::Overrides, taken::Taken};

    fn now(name: Option<&str>, unmade: bool, taken: Taken) -> Circumstances {
        Circumstances {
            dir: "/mnt/data/mesh".into(),
            new_id: "0123456789abcdef".to_owned(),
            name: name.map(|name| name.parse().unwrap()),
            owner: Owner { uid: 999, gid: 0 },
            engine: None,
            host_name: "vm".to_owned(),
            taken,
            unmade,
        }
    }

    fn first(name: Option<&str>, clusters: u8) -> Mesh {
        let asked = Overrides { clusters: ClusterSet::first(clusters), ..Overrides::default() };
        Mesh::decide(&asked, None, now(name, false, Taken::default())).unwrap()
    }

    fn again(recorded: &Mesh, unmade: bool, taken: Taken) -> Result<Mesh, DecideError> {
        Mesh::decide(&Overrides::default(), Some(recorded), now(None, unmade, taken))
    }

    #[test]
    fn what_others_took_of_an_unmade_mesh_is_chosen_again() {
        let (one, two) = (first(Some("one"), 2), first(Some("two"), 2));
        assert_eq!((one.subnet, one.published()), (two.subnet, two.published()), "one run was killed, then the other");
        let taken = || Taken::default().with([two.choice()]);
        let moved = again(&one, true, taken()).unwrap();
        assert_eq!(moved.subnet.to_string(), "10.213.1.0/24");
        assert_eq!(moved.published(), (20_008..20_016).collect());
        assert_eq!((&moved.id, &moved.name), (&one.id, &one.name));
        assert!(moved.services().all(|service| moved.subnet.net().contains(&moved.place(service).unwrap().address)));
        insta::assert_snapshot!(moved.chosen_again(&one, Some("two-mesh")).unwrap(), @"the mesh gets the network 10.213.1.0/24 and other ports: an earlier run ended before it made anything, and Docker's network two-mesh took 10.213.0.0/24 meanwhile");
        assert_eq!(again(&one, false, taken()).unwrap(), one, "a mesh that is there keeps all of it");
        let asked = Overrides { subnet: Some(one.subnet), ..Overrides::default() };
        let named = Mesh::decide(&asked, Some(&one), now(None, true, taken())).unwrap();
        assert_eq!(named.subnet, one.subnet, "what the user names is not replaced");
        insta::assert_snapshot!(named.chosen_again(&one, None).unwrap(), @"the mesh gets other ports: an earlier run ended before it made anything, and others took some of its own meanwhile");
    }

    #[test]
    fn a_mesh_without_a_name_keeps_the_ports_of_its_numbers() {
        let plain = first(None, 2);
        let taken = Taken::default().with([plain.choice()]);
        let moved = again(&plain, true, taken).unwrap();
        assert_eq!(moved.published(), plain.published());
        insta::assert_snapshot!(moved.chosen_again(&plain, None).unwrap(), @"the mesh gets the network 10.213.1.0/24: an earlier run ended before it made anything, and others took 10.213.0.0/24 meanwhile");
        assert_eq!(plain.chosen_again(&plain, None), None);
        assert_eq!(plain.clone().without_kibana().chosen_again(&plain, None), None, "what goes is not chosen again");
    }

    proptest! {
        /// Whatever others have: an unmade mesh keeps what is free, has nothing that is taken, and decides the same the
        /// next time.
        #[test]
        fn an_unmade_mesh_comes_to_what_is_free(
            clusters in 1u8..5,
            networks in prop::collection::vec((0u8..4, 16u8..27), 0..4),
            ports in prop::collection::btree_set(19_990u16..20_030, 0..12),
            unmade: bool,
        ) {
            let recorded = first(Some("one"), clusters);
            let networks = networks.iter().map(|(third, prefix)| format!("10.213.{third}.0/{prefix}").parse().unwrap());
            let taken = Taken { networks: networks.collect(), ports, ..Taken::default() };
            let mesh = again(&recorded, unmade, taken.clone()).unwrap();
            let free = |mesh: &Mesh| (!taken.overlaps(mesh.subnet), mesh.published().is_disjoint(&taken.ports));
            let kept = (mesh.subnet == recorded.subnet, mesh.published() == recorded.published());
            prop_assert_eq!(kept, if unmade { free(&recorded) } else { (true, true) });
            prop_assert!(!unmade || free(&mesh) == (true, true));
            prop_assert_eq!(mesh.chosen_again(&recorded, None).is_none(), mesh == recorded);
            prop_assert_eq!(again(&mesh, unmade, taken).unwrap(), mesh.clone());
            let services: BTreeSet<_> = mesh.services().collect();
            prop_assert_eq!(services, recorded.services().collect());
        }
    }
}
