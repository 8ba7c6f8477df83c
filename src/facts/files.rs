//! The files of a cluster as they are on disk. Pure.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::mesh::{
    certs,
    id::{ClusterId, NodeNumber, ServiceId},
    links::Key,
    secret::Secret,
    secure_settings::Managed,
    settings::StackVersion,
};

/// A file that is there and cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedFile {
    /// With the path.
    pub reason: String,
    /// What to type.
    pub remedy: String,
}

/// A cluster's directory, as texts; certificates are public, everything else that matters is a [`Secret`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClusterFiles {
    pub authority: Option<String>,
    pub authority_key: Option<Secret>,
    /// The authority that is going to take over, with its key.
    pub next_authority: Option<String>,
    pub next_authority_key: Option<Secret>,
    /// The one that it took over from.
    pub old_authority: Option<String>,
    /// Those that no bundle is to have any more.
    pub retired_authorities: Option<String>,
    pub services: BTreeMap<ServiceId, ServiceFiles>,
    /// What only Elasticsearch has, by node.
    pub nodes: BTreeMap<NodeNumber, NodeFiles>,
    /// The UUID of the cluster, where that was recorded.
    pub uuid: Option<String>,
    pub key: Option<KeyFile>,
    /// The keys of single links, by who searches.
    pub link_keys: BTreeMap<ClusterId, KeyFile>,
}

/// The files of a node that a Kibana does not have.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NodeFiles {
    /// The authorities that the node trusts as those of remotes.
    pub bundle: Option<String>,
    pub jvm_options: Option<String>,
    /// The addresses by which it finds the other nodes of its cluster.
    pub seed_hosts: Option<String>,
    /// What the keystore holds: names, each with the digest of its value.
    pub keystore: Option<BTreeMap<String, String>>,
    /// Which of its entries come from a file of secure settings, where that was recorded.
    pub managed: Option<Managed>,
    /// The file of service tokens, with hashes alone.
    pub service_tokens: Option<Secret>,
    /// The user by whom passwords are recovered is in the file realm.
    pub recovery_user: bool,
    /// The server has written data, or what is where it belongs cannot be looked into.
    pub data: bool,
}

impl ClusterFiles {
    /// The files of the first node.
    pub fn first(&self) -> Option<&NodeFiles> {
        self.nodes.get(&NodeNumber::FIRST)
    }

    /// A key of the cluster as it is saved.
    pub fn key(&self, key: Key) -> Option<&KeyFile> {
        match key.searcher {
            None => self.key.as_ref(),
            Some(searcher) => self.link_keys.get(&searcher),
        }
    }

    /// Every key of the cluster `of` that is saved.
    pub fn keys(&self, of: ClusterId) -> impl Iterator<Item = (Key, &KeyFile)> {
        let of_links = self.link_keys.iter().map(move |(searcher, file)| (Key { of, searcher: Some(*searcher) }, file));
        self.key.iter().map(move |file| (Key::shared(of), file)).chain(of_links)
    }

    /// Every authority that may have signed what the cluster's services show, in an order that stays the same while one
    /// takes over from another.
    pub fn trusted(&self) -> Option<String> {
        let mut all: Vec<&str> = [&self.authority, &self.next_authority, &self.old_authority]
            .into_iter()
            .flatten()
            .map(|pem| pem.trim())
            .collect();
        all.sort_unstable();
        (!all.is_empty()).then(|| certs::bundle(all.into_iter()))
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceFiles {
    pub certificate: Option<String>,
    pub certificate_key: Option<Secret>,
    /// The copy of [`ClusterFiles::trusted`].
    pub authority: Option<String>,
    pub settings: Option<Secret>,
    /// Whether the image's own configuration files are there.
    pub seeded: bool,
    /// The image that they were taken from; `None` if that is not recorded.
    pub seed: Option<SeedFacts>,
}

/// The image that a configuration directory was filled from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedFacts {
    pub version: StackVersion,
    /// Names of files, below the directory, that are no longer as the image has them.
    pub changed: Vec<String>,
    /// Names of files that the image has and the directory does not: a server may not start without them.
    pub missing: Vec<String>,
}

/// A saved API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    pub id: String,
    pub expires: OffsetDateTime,
    /// Digest of the key's value, as [`NodeFiles::keystore`] has it.
    pub digest: String,
}
