//! The names file of the machine: whether it takes the mesh's names, and whether these are in force in it. Pure.

use super::{Checked, Finding};
use crate::{
    facts::observed::Observed,
    mesh::{
        Mesh,
        hosts_file::{self, HostsFileError},
    },
};

/// What to type where the names file of a recorded mesh is something that cannot hold names. It is the machine's, so it
/// is not ours to remove.
pub const HOSTS_UNUSABLE: &str = "see what it is with `ls -ld /etc/hosts`, and put back a file of names; \
                                  `mesh create --no-hosts` leaves it alone";

pub fn hosts(mesh: &Mesh, there: &Observed) -> Checked {
    if let Some(fault) = there.hosts_fault.as_ref().filter(|_| mesh.spec.hosts) {
        let without = mesh.with_flags(there.record.as_ref(), "--no-hosts");
        let finding = Finding::problem(
            format!("the services' names cannot be written: {fault}"),
            format!(
                "see what it is with `ls -ld /etc/hosts`, and put back a file of names; to leave it alone, {without}"
            ),
        );
        return Checked::new("hosts file", "", Some(finding));
    }
    let text = there.hosts_file.as_deref().filter(|_| mesh.spec.hosts);
    let error = text.and_then(|text| hosts_file::with_block(text, mesh.name.as_ref(), None).err());
    let good = match text {
        Some(_) => "the services' names can be written to /etc/hosts, and no line above leads them elsewhere",
        None => "/etc/hosts is left alone: `--no-hosts`, or this user may not write it",
    };
    let finding =
        error.map(|error| Finding::problem(format!("/etc/hosts cannot be edited: {error}"), HostsFileError::HINT));
    Checked::new("hosts file", good, finding.into_iter().chain(stale_names(mesh, there)))
}

/// Names that lines above the mesh's block lead elsewhere, as the scripts that `mesh` replaces wrote them: those win.
fn stale_names(mesh: &Mesh, there: &Observed) -> Option<Finding> {
    let text = there.hosts_file.as_deref().filter(|_| mesh.spec.hosts)?;
    let stale = hosts_file::stale(text, mesh.name.as_ref(), &mesh.host_entries());
    let line = |stale: &hosts_file::Stale| format!("line {} leads {} to {}", stale.line, stale.name, stale.address);
    let lines: Vec<String> = stale.iter().map(line).collect();
    let deleted: Vec<String> = stale.iter().map(|stale| format!("{}d", stale.line)).collect();
    (!stale.is_empty()).then(|| {
        Finding::warning(
            format!("/etc/hosts has lines above the mesh's names, and those win: {}", lines.join(", ")),
            format!("delete them if they are not needed: `sed -i '{}' /etc/hosts`", deleted.join(";")),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::check::example::rendered;

    #[test]
    fn a_hosts_file_is_reported_where_it_leads_elsewhere_or_is_none() {
        let mesh = Mesh::example(1);
        let look = |there: Observed| rendered([hosts(&mesh, &there)]);
        let text = b"127.0.0.1 localhost\n172.30.0.10 cluster01-elastic\n172.30.0.11 cluster01-kibana\n".to_vec();
        insta::assert_snapshot!(look(Observed { hosts_file: Some(text), ..Observed::default() }), @r"
        Warning: /etc/hosts has lines above the mesh's names, and those win: line 2 leads cluster01-elastic to 172.30.0.10, line 3 leads cluster01-kibana to 172.30.0.11
          delete them if they are not needed: `sed -i '2d;3d' /etc/hosts`
        ");
        let fault = Some("`/etc/hosts` is not a regular file".to_owned());
        insta::assert_snapshot!(look(Observed { hosts_fault: fault, ..Observed::default() }), @r"
        Problem: the services' names cannot be written: `/etc/hosts` is not a regular file
          see what it is with `ls -ld /etc/hosts`, and put back a file of names; to leave it alone, type the same command again with `--no-hosts`
        ");
    }
}
