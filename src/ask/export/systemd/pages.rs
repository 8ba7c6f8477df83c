//! Pages of several meshes, whose units may not listen at one place. Pure.

use std::net::SocketAddr;

use super::{SERVE, Units};

/// A unit that serves a page where another is to serve one, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The file of the unit that was there before.
    pub unit: String,
    /// A place for the other page where no unit serves one.
    pub free: SocketAddr,
}

impl Units<'_> {
    /// The first of these units, by name and text, that serves the page of another mesh where these serve theirs.
    pub fn page_taken(&self, units: &[(String, String)]) -> Option<Taken> {
        let own = self.unit(SERVE);
        let others = units.iter().filter(|(name, _)| *name != own);
        let others: Vec<_> = others.filter_map(|(name, text)| Some((name, listens_at(text)?))).collect();
        let at = |port: u16| {
            let mut place = self.page.listen;
            place.set_port(port);
            place
        };
        let taken = |place: SocketAddr| others.iter().find(|(_, other)| is_one_place(place, *other));
        let (unit, _) = taken(self.page.listen)?;
        let port = self.page.listen.port();
        let free = (port..=u16::MAX).chain(1024..port).map(at).find(|place| taken(*place).is_none())?;
        Some(Taken { unit: (*unit).clone(), free })
    }
}

/// Whether a file is a unit that serves a page.
pub fn is_serve(name: &str) -> bool {
    name.starts_with("mesh") && name.strip_suffix(SERVE).is_some_and(|name| name.ends_with('-'))
}

/// Where a unit serves its page, as an export wrote it.
fn listens_at(unit: &str) -> Option<SocketAddr> {
    let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart="))?;
    let (_, place) = command.split_once(" serve --listen ")?;
    place.split_whitespace().next()?.replace("%%", "%").parse().ok()
}

/// Whether of two programs that listen at these places the second cannot.
fn is_one_place(one: SocketAddr, other: SocketAddr) -> bool {
    let any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (any || one.ip() == other.ip())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ask::export::systemd::{Page, Runner, tests::units},
        mesh::Mesh,
    };

    #[test]
    fn the_page_of_a_second_mesh_has_a_place_of_its_own() {
        let runner = Runner::Root;
        let page = |listen: &str| Page { listen: listen.parse().unwrap(), names: &[], identity: None };
        let serve = |mesh: &Mesh, listen: &str| {
            let page = page(listen);
            let [.., serve] = Units { page: &page, ..units(mesh, &runner) }.files();
            assert!(is_serve(&serve.name) && !is_serve("mesh-renew.service"));
            (serve.name, String::from_utf8(serve.text).unwrap())
        };
        let (one, two) = (Mesh::example(2), Mesh::example(2).named("ci42"));
        let there = [serve(&one, "127.0.0.1:9500"), serve(&two, "127.0.0.1:9501"), serve(&one, "[fe80::1%2]:9510")];
        let taken = |mesh: &Mesh, listen: &str| {
            let page = page(listen);
            let taken = Units { page: &page, ..units(mesh, &runner) }.page_taken(&there);
            taken.map(|Taken { unit, free }| format!("{unit} {free}"))
        };
        let third = Mesh::example(2).named("third");
        assert_eq!(taken(&third, "127.0.0.1:9500").as_deref(), Some("mesh-serve.service 127.0.0.1:9502"));
        assert_eq!(taken(&third, "0.0.0.0:9501").as_deref(), Some("mesh-ci42-serve.service 0.0.0.0:9502"));
        assert_eq!(taken(&third, "[fe80::1%2]:9510").as_deref(), Some("mesh-serve.service [fe80::1%2]:9511"));
        assert_eq!(taken(&one, "127.0.0.1:9500"), None, "its own unit is replaced");
        for free in ["127.0.0.1:9502", "127.0.0.2:9500", "127.0.0.1:0"] {
            assert_eq!(taken(&third, free), None, "{free}");
        }
    }
}
