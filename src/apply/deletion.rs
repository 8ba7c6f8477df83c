//! Data is deleted where that was agreed to, and nowhere else: a look in the middle of a run can find a directory that
//! no question named. No I/O.

use super::Apply;
use crate::{
    error::{Error, Exit},
    plan::Plan,
};

impl Apply<'_> {
    /// With the consent to delete the data that this plan deletes.
    #[must_use]
    pub fn with_deletion(self, agreed: &Plan) -> Self {
        Self { deletable: agreed.deleted_paths().collect(), ..self }
    }

    /// # Errors
    /// The plan deletes data that was not agreed to.
    pub(super) fn require_agreed(&self, plan: &Plan) -> Result<(), Error> {
        let Some(path) = plan.deleted_beyond(&self.deletable) else { return Ok(()) };
        let dir = self.mesh.dir.join(path);
        let message =
            format!("{} holds data that nothing was asked about, and mesh.json has no such cluster", dir.display());
        Err(Error::new(Exit::Unhealthy, message)
            .hint("`mesh create --dry-run` shows all that differs, and `mesh create` asks before it deletes"))
    }
}
