//! Whatever a mesh records is rebuilt from what it leaves, or is named here with what it is known by.

use super::{
    tests::{now, traces},
    *,
};
use crate::mesh::{example::recorded_settings, settings::Overrides};

/// Settings that containers and files do not show, and what they are known by.
const KNOWN_OTHERWISE: &[(&str, &str)] = &[
    ("advertise_bind", "invitations: `Mesh::advertise_as_invited`"),
    ("gateway_cert", "copies, where there is a gateway"),
    ("gateway_key", "copies, where there is a gateway"),
    ("gateway_image", "the container, where there is a gateway"),
    ("share", "the keys that servers know: `Mesh::share`"),
    ("data_set", "the keys that servers know: `Mesh::share`"),
    ("topology", "the remotes of servers: `Mesh::relink`"),
    ("roles", "servers: `Mesh::take_users`"),
    ("users", "servers: `Mesh::take_users`"),
    ("templates", "nothing: `Mesh::unexplained` names what they made"),
    ("secure_settings", "nothing: keystores have their entries, and no path"),
];

/// A new setting is rebuilt, or has a line above.
#[test]
fn every_setting_is_rebuilt_or_known_otherwise() {
    let of = |mesh: &Mesh, name: &str| Overrides::from(mesh.spec.clone()).values().remove(name);
    let is_rebuilt = |name: &str, example: &Overrides| {
        let mesh = Mesh::example(2).with_settings(example);
        let rebuilt = Mesh::rebuild(&traces(&mesh), &Overrides::default(), now()).unwrap();
        of(&rebuilt, name) == of(&mesh, name)
    };
    let others =
        recorded_settings().into_iter().filter(|(name, example)| !is_rebuilt(name, example)).map(|(name, _)| name);
    let named = KNOWN_OTHERWISE.iter().map(|(name, _)| *name);
    assert_eq!(others.collect::<BTreeSet<_>>(), named.collect::<BTreeSet<_>>());
}
