//! Data is deleted, and access taken away, where that was agreed to, and nowhere else: a look in the middle of a run
//! can find a directory, or a user on a server that did not answer before, that no question named. No I/O.

use std::collections::BTreeSet;

use super::Apply;
use crate::{
    error::{Error, Exit},
    plan::{Plan, Revoked},
};

impl Apply<'_> {
    /// With the consent to delete the data that this plan deletes, and to take away what it takes.
    #[must_use]
    pub fn with_deletion(self, agreed: &Plan) -> Self {
        Self { deletable: agreed.deleted_paths().collect(), ..self }.with_revocation(agreed.revoked())
    }

    /// With the consent to take this away.
    #[must_use]
    pub fn with_revocation(self, agreed: BTreeSet<Revoked>) -> Self {
        Self { revocable: Some(agreed), ..self }
    }

    /// With the consent to take away whatever is found on the way, as `--yes` gives it.
    #[must_use]
    pub fn with_every_revocation(self, yes: bool) -> Self {
        if yes { Self { revocable: None, ..self } } else { self }
    }

    /// # Errors
    /// The plan deletes data, or takes something away, that was not agreed to.
    pub(super) fn require_agreed(&self, plan: &Plan) -> Result<(), Error> {
        let hint = "`mesh create --dry-run` shows all that differs, and `mesh create` asks before it ";
        if let Some(path) = plan.deleted_beyond(&self.deletable) {
            let dir = self.mesh.dir.join(path);
            let message =
                format!("{} holds data that nothing was asked about, and mesh.json has no such cluster", dir.display());
            return Err(Error::new(Exit::Unhealthy, message).hint(format!("{hint}deletes")));
        }
        let revoked = self.revocable.as_ref().and_then(|agreed| plan.revoked_beyond(agreed));
        revoked.map_or(Ok(()), |revoked| {
            let message = format!("{revoked}, and nothing was asked about that");
            Err(Error::new(Exit::Unhealthy, message).hint(format!("{hint}does that")))
        })
    }
}
