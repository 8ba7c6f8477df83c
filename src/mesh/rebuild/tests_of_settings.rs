//! Whatever a mesh keeps is told by what it leaves, or by something else that is named here.

use super::{
    tests::{now, traces},
    *,
};
use crate::mesh::{example::recorded_settings, settings::Overrides};

/// What containers and files do not tell of the whole mesh, and what does.
const TOLD_ELSEWHERE: &[(&str, &str)] = &[
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

/// A new setting is told by what is left, or has a line above.
#[test]
fn every_setting_is_told_by_something() {
    let of = |mesh: &Mesh, name: &str| Overrides::from(mesh.spec.clone()).values().remove(name);
    let told = |name: &str, example: &Overrides| {
        let mesh = Mesh::example(2).with_settings(example);
        let rebuilt = Mesh::rebuild(&traces(&mesh), &Overrides::default(), now()).unwrap();
        of(&rebuilt, name) == of(&mesh, name)
    };
    let untold = recorded_settings().into_iter().filter(|(name, example)| !told(name, example)).map(|(name, _)| name);
    let named = TOLD_ELSEWHERE.iter().map(|(name, _)| *name);
    assert_eq!(untold.collect::<BTreeSet<_>>(), named.collect::<BTreeSet<_>>());
}
