//! What was decided, onto disk: `mesh.json`. I/O: disk.

use super::Apply;
use crate::{
    error::Error,
    mesh::{FORMAT, Mesh, layout, permissions},
    world::disk::Tree,
};

impl Apply<'_> {
    /// Written before the first change, so that any later run knows what was meant.
    pub(super) fn record(&self) -> Result<(), Error> {
        self.write_record(&Tree::create(&self.mesh.dir, permissions::ROOT)?, self.mesh)
    }

    /// Writes a record of an older format anew, and keeps the old one beside it. It says the same, so no plan tells of
    /// it.
    pub fn lift_record(&self) -> Result<(), Error> {
        let survey = &self.session.survey;
        let (Some(format), Some(mesh)) = (survey.format.filter(|format| *format < FORMAT), &survey.record) else {
            return Ok(());
        };
        let tree = self.tree()?;
        if let Some(old) = tree.read(layout::RECORD)? {
            self.write(&tree, &layout::old_record(format), &old)?;
        }
        self.write_record(&tree, mesh)
    }

    pub(super) fn write_record(&self, tree: &Tree, mesh: &Mesh) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(mesh).expect("should be JSON: the tests write it");
        self.write(tree, layout::RECORD, format!("{text}\n").as_bytes())
    }
}
