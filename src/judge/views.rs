//! The data views of every Kibana, and whether the mesh's are there. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    facts::views::{FoundViews, ViewFacts},
    mesh::{Mesh, id::ClusterId},
};

/// The version of the form in which the list is printed for programs.
const VERSION: u32 = 1;

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ViewList {
    version: u32,
    pub views: Vec<ViewRow>,
    /// Why a Kibana cannot be asked.
    pub unreachable: BTreeMap<ClusterId, String>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ViewRow {
    pub cluster: ClusterId,
    pub name: String,
    pub pattern: String,
    pub state: ViewState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewState {
    Good,
    /// The Kibana does not have it, or with another pattern or name.
    OutOfSync,
    /// Others made it: one of the mesh's name stands for the mesh's.
    Unmanaged,
}

impl ViewState {
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::OutOfSync => "out of sync",
            Self::Unmanaged => "unmanaged",
        }
    }
}

impl ViewList {
    pub fn new(mesh: &Mesh, found: &FoundViews) -> Self {
        let mut list = Self { version: VERSION, views: Vec::new(), unreachable: BTreeMap::new() };
        for (cluster, found) in found {
            match found {
                Ok(found) => list.views.extend(rows(mesh, *cluster, found)),
                Err(reason) => drop(list.unreachable.insert(*cluster, reason.clone())),
            }
        }
        list
    }

    /// Whether every Kibana has what the mesh wants.
    pub fn is_complete(&self) -> bool {
        self.unreachable.is_empty() && self.views.iter().all(|row| row.state != ViewState::OutOfSync)
    }
}

fn rows(mesh: &Mesh, cluster: ClusterId, found: &BTreeMap<String, ViewFacts>) -> Vec<ViewRow> {
    let wanted = mesh.data_views(cluster);
    let others = found.iter().filter(|(id, _)| wanted.iter().all(|view| view.id != **id));
    let row = |name: &str, pattern: &str, state| ViewRow {
        cluster,
        name: name.to_owned(),
        pattern: pattern.to_owned(),
        state,
    };
    let own = wanted.iter().filter_map(|view| match found.get(&view.id) {
        Some(known) if (&known.title, &known.name) == (&view.title, &view.name) => {
            Some(row(&view.name, &view.title, ViewState::Good))
        }
        None if found.values().any(|known| known.name == view.name) => None,
        _ => Some(row(&view.name, &view.title, ViewState::OutOfSync)),
    });
    let own: Vec<ViewRow> = own.collect();
    own.into_iter().chain(others.map(|(_, known)| row(&known.name, &known.title, ViewState::Unmanaged))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_of_the_same_name_stands_for_the_meshs() {
        let mesh = Mesh::example(2);
        let facts = |name: &str, title: &str| ViewFacts { name: name.to_owned(), title: title.to_owned() };
        let theirs = [("x".to_owned(), facts("local-data-set", "mine-*")), ("y".to_owned(), facts("logs", "logs-*"))];
        let found = [(ClusterId::FIRST, Ok(theirs.into())), (ClusterId::new(2).unwrap(), Err("status 503".to_owned()))];
        let list = ViewList::new(&mesh, &found.into());
        let rows = list.views.iter().map(|row| format!("{} {} {}", row.name, row.pattern, row.state.word()));
        insta::assert_snapshot!(rows.collect::<Vec<_>>().join("\n"), @r"
        mesh-data-set local-data-set,cluster*:local-data-set out of sync
        local-data-set mine-* unmanaged
        logs logs-* unmanaged
        ");
        assert_eq!((list.is_complete(), list.unreachable.len()), (false, 1));
    }

    #[test]
    fn a_view_that_was_renamed_in_kibana_is_out_of_sync() {
        let mesh = Mesh::example(1);
        let named = |name: &str| -> ViewState {
            let view = mesh.data_views(ClusterId::FIRST).swap_remove(0);
            let found = BTreeMap::from([(view.id, ViewFacts { name: name.to_owned(), title: view.title })]);
            ViewList::new(&mesh, &[(ClusterId::FIRST, Ok(found))].into()).views[0].state
        };
        assert_eq!([named("local-data-set"), named("ours")], [ViewState::Good, ViewState::OutOfSync]);
    }
}
