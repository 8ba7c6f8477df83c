//! Modes and owners that are not those that the mesh's files were written with. Pure.

use std::fmt;

use crate::facts::observed::{FileFacts, Observed, PermissionFacts};
use crate::mesh::{
    Mesh,
    id::ClusterId,
    layout,
    permissions::{Holder, Permissions, WORLD_WRITABLE, is_top, of_dir, of_file},
};

/// A file or directory with another mode or owner than it is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// In the mesh's directory; empty for that itself.
    pub path: String,
    pub mode: (u32, u32),
    /// As it is, and as it is to be.
    pub uid: (u32, u32),
    /// The group that it has, and the one it is to have; without the second the group makes no difference.
    pub gid: (u32, Option<u32>),
    /// Whether all that is below belongs to the wrong user, too.
    pub deep: bool,
}

impl Misfit {
    fn fits(&self) -> bool {
        let (gid, wanted) = self.gid;
        self.mode.0 == self.mode.1 && self.uid.0 == self.uid.1 && wanted.is_none_or(|wanted| wanted == gid)
    }

    /// The cluster whose file it is.
    pub fn cluster(&self) -> Option<ClusterId> {
        self.path.split('/').next()?.parse().ok()
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the mesh's directory" } else { &self.path };
        write!(f, "{path}{}", if self.deep { " with all below it: " } else { ": " })?;
        let (found, wanted) = self.mode;
        let modes = (found != wanted).then(|| format!("mode {found:04o} → {wanted:04o}"));
        let owner = |uid: u32, gid: Option<u32>| gid.map_or_else(|| uid.to_string(), |gid| format!("{uid}:{gid}"));
        let (found, wanted) = (owner(self.uid.0, self.gid.1.map(|_| self.gid.0)), owner(self.uid.1, self.gid.1));
        let owners = (found != wanted).then(|| format!("owner {found} → {wanted}"));
        write!(f, "{}", modes.into_iter().chain(owners).collect::<Vec<_>>().join(", "))
    }
}

/// Everything of the mesh whose mode or owner was changed by hand, in the order of the paths.
pub fn misfits(mesh: &Mesh, there: &Observed) -> Vec<Misfit> {
    let Some(facts) = &there.permissions else { return Vec::new() };
    let holders = Holders::of(mesh, facts);
    let of_mesh = |path: &str| {
        let cluster = path.split('/').next().and_then(|name| name.parse::<ClusterId>().ok());
        cluster.is_none_or(|cluster| mesh.has_cluster(cluster))
            && (mesh.gateway.is_some() || path.split('/').next() != Some(layout::GATEWAY))
            // of a cluster without a token, it is the user's own
            && (!path.ends_with("/service_tokens") || cluster.is_some_and(|cluster| mesh.has_token(cluster)))
    };
    let all = facts.found.iter().filter(|(path, _)| of_mesh(path));
    all.map(|(path, found)| holders.judge(path, *found)).filter(|misfit| !misfit.fits()).collect()
}

/// Whom the mesh's files are to belong to, by number.
struct Holders {
    /// Whoever looks is root, and the mesh is root's.
    root: bool,
    /// Whoever looks is root, who alone gives files away.
    gives: bool,
    mesh: u32,
    service: (u32, u32),
}

impl Holders {
    /// Root may look at the mesh of another user: that is one whose record and containers are the same user's, and not
    /// the system user's.
    fn of(mesh: &Mesh, facts: &PermissionFacts) -> Self {
        let owner = mesh.owner;
        let gives = facts.user == 0;
        let of_user = facts.account != Some(owner.uid)
            && facts.found.get(layout::RECORD).is_some_and(|record| record.uid == owner.uid);
        let root = gives && !of_user;
        let holder = match (gives, of_user) {
            (true, false) => 0,
            (true, true) => owner.uid,
            (false, _) => facts.user,
        };
        Self { root, gives, mesh: holder, service: (if gives { owner.uid } else { facts.user }, owner.gid) }
    }

    fn judge(&self, path: &str, found: FileFacts) -> Misfit {
        let FileFacts { directory, mode, uid, gid } = found;
        let path = path.to_owned();
        if path.is_empty() {
            // it may have been there before the mesh; root's is as good as one's own, and only root can take it from
            // another
            let wanted = if self.gives && uid != 0 { self.mesh } else { uid };
            return Misfit {
                path,
                mode: (mode, mode & !WORLD_WRITABLE),
                uid: (uid, wanted),
                gid: (gid, None),
                deep: false,
            };
        }
        let Permissions { mode: wanted, holder } = if directory { of_dir(&path) } else { of_file(&path) };
        let (owner, group) = match holder {
            Holder::Mesh => (self.mesh, None),
            // group 0 is what images give their files; a user's own group does as well
            Holder::Service => (self.service.0, self.root.then_some(self.service.1)),
        };
        let deep = is_top(&path) && (uid != owner || group.is_some_and(|group| group != gid));
        Misfit { path, mode: (mode, wanted), uid: (uid, owner), gid: (gid, group), deep }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileFacts = FileFacts { directory: false, mode: 0o600, uid: 0, gid: 0 };
    const DIR: FileFacts = FileFacts { directory: true, mode: 0o750, uid: 999, gid: 0 };
    const RECORD: FileFacts = FileFacts { mode: 0o644, ..FILE };

    fn listed(user: u32, account: Option<u32>, owner: u32, found: &[(&str, FileFacts)]) -> String {
        let mut mesh = Mesh::example(1);
        mesh.owner.uid = owner;
        let found = found.iter().map(|(path, facts)| ((*path).to_owned(), *facts)).collect();
        let there = Observed { permissions: Some(PermissionFacts { user, account, found }), ..Observed::default() };
        misfits(&mesh, &there).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_others_can_read_or_have_is_named() {
        let found = [
            ("", FileFacts { mode: 0o777, ..DIR }),
            ("mesh.json", FileFacts { uid: 65534, ..RECORD }),
            ("credentials.txt", FileFacts { mode: 0o644, ..FILE }),
            ("cluster01/api-key.json", FILE),
            ("cluster01/certs/ca.key", FileFacts { mode: 0o640, uid: 65534, ..FILE }),
            ("cluster01/elastic/config", DIR),
            ("cluster01/elastic/data", FileFacts { uid: 65534, gid: 65534, ..DIR }),
            ("cluster01/elastic/logs", FileFacts { mode: 0o755, ..DIR }),
            ("cluster02/api-key.json", FileFacts { mode: 0o644, ..FILE }),
        ];
        insta::assert_snapshot!(listed(0, Some(999), 999, &found), @r"
        the mesh's directory: mode 0777 → 0775, owner 999 → 0
        cluster01/certs/ca.key: mode 0640 → 0600, owner 65534 → 0
        cluster01/elastic/data with all below it: owner 65534:65534 → 999:0
        cluster01/elastic/logs: mode 0755 → 0750
        credentials.txt: mode 0644 → 0600
        mesh.json: owner 65534 → 0
        ");
    }

    #[test]
    fn a_mesh_of_a_user_stays_theirs_whoever_looks() {
        let mine = [
            ("", FileFacts { uid: 1000, gid: 1000, ..DIR }),
            ("mesh.json", FileFacts { uid: 1000, gid: 1000, ..RECORD }),
            ("credentials.txt", FileFacts { uid: 1000, gid: 1000, ..FILE }),
            ("cluster01/elastic/data", FileFacts { uid: 1000, gid: 1000, ..DIR }),
        ];
        assert_eq!(listed(1000, None, 1000, &mine), "");
        assert_eq!(listed(0, Some(999), 1000, &mine), "");
        // what root wrote there is given back; the directory may be one that an administrator made
        let mut roots = mine;
        (roots[0].1.uid, roots[2].1.uid) = (0, 0);
        for user in [0, 1000] {
            assert_eq!(listed(user, None, 1000, &roots), "credentials.txt: owner 0 → 1000");
        }
    }

    /// The number of a deleted system user may be that of another user now.
    #[test]
    fn a_mesh_of_root_is_not_given_away() {
        assert_eq!(listed(0, None, 999, &[("", DIR), ("mesh.json", RECORD)]), "the mesh's directory: owner 999 → 0");
    }
}
