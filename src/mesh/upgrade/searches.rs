//! Searches between clusters of several versions: which of them Elastic supports. Pure: no I/O.

use std::collections::BTreeSet;

use crate::{
    exit::Exit,
    explain::Explain,
    mesh::{Mesh, id::ClusterId, links::Link, settings::StackVersion},
};

/// A wanted link between two versions of which Elastic does not support that the first searches the second.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} on {from} would search {} on {to}, which Elastic does not support", link.from, link.to)]
pub struct UnsupportedSearch {
    link: Link,
    from: StackVersion,
    to: StackVersion,
    /// What every cluster can come to without going back.
    newest: StackVersion,
}

impl Explain for UnsupportedSearch {
    fn exit(&self) -> Exit {
        Exit::Request
    }

    fn hint(&self) -> Option<String> {
        let Self { link, from, to, newest } = self;
        let instead = if to < from {
            let hub = link.to.number();
            format!("let the older search the newer alone, as `mesh create` with `--topology hub:{hub}` does")
        } else {
            "leave the link out by `links` in a settings file".to_owned()
        };
        Some(format!("`mesh upgrade {newest}` brings every cluster to one version; or {instead}; see {SEARCHES}"))
    }
}

const SEARCHES: &str =
    "<https://www.elastic.co/docs/solutions/search/cross-cluster-search#ccs-supported-configurations>";

impl Mesh {
    /// The remotes of `of` that Elastic supports searches in: all of them, but for an upgrade that is in progress.
    pub fn searchable(&self, of: ClusterId) -> impl Iterator<Item = ClusterId> + Clone + use<'_> {
        self.remotes(of).filter(move |remote| self.version(of).searches(self.version(*remote)))
    }

    /// The wanted links between versions of which Elastic does not support that the first searches the second.
    fn unsupported_now(&self) -> impl Iterator<Item = Link> + use<'_> {
        let uniform = self.versions().len() == 1;
        let links = if uniform { BTreeSet::new() } else { self.links() };
        links.into_iter().filter(|link| !self.version(link.from).searches(self.version(link.to)))
    }

    /// Versions of which the first cannot search the second, while an upgrade goes from cluster to cluster.
    pub fn gaps(&self) -> BTreeSet<(StackVersion, StackVersion)> {
        let (mut gaps, mut mesh) = (BTreeSet::new(), self.clone());
        loop {
            gaps.extend(mesh.unsupported_now().map(|link| (mesh.version(link.from), mesh.version(link.to))));
            match mesh.next_upgrade() {
                Some(cluster) => mesh = mesh.with_upgraded(cluster),
                None => return gaps,
            }
        }
    }

    /// Whether each wanted link is one that Elastic supports, when no upgrade is in progress any more.
    ///
    /// # Errors
    /// The first link that is not.
    pub fn require_supported_searches(&self) -> Result<(), UnsupportedSearch> {
        let mesh = self.upgraded();
        let newest = mesh.versions().last().copied().unwrap_or(self.spec.stack_version);
        match mesh.unsupported_now().next() {
            Some(link) => {
                Err(UnsupportedSearch { link, from: mesh.version(link.from), to: mesh.version(link.to), newest })
            }
            None => Ok(()),
        }
    }
}
