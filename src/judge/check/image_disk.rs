//! Docker's own disk against the images that have to be pulled. Pure.

use super::{
    Checked, Finding, Severity,
    capacity::{GIBIBYTE, gibibytes},
};
use crate::{
    facts::{host::HostFacts, observed::Observed},
    mesh::{Mesh, counted::counted},
};

/// What one of Elastic's images takes on disk, with room for its packed layers while it is pulled: an estimate. 1.2 GiB
/// is measured for Elasticsearch's files alone.
const IMAGE: u64 = 2 * GIBIBYTE;

/// Room for the images that have to be pulled, where the engine keeps them.
pub fn image_disk(mesh: &Mesh, there: &Observed, host: &HostFacts) -> Checked {
    let missing = mesh.images().difference(&there.images).count() as u64;
    let Some((dir, free)) = &host.images_disk else {
        return Checked::unknown("image disk", "the directory in which the engine keeps images is not seen here");
    };
    let (dir, needed, images) = (dir.display(), missing * IMAGE, counted(missing, "image"));
    let finding = (*free < needed).then(|| {
        let force = if there.record.is_none() { "; `mesh create` with `--force` tries all the same" } else { "" };
        Finding::new(
            Severity::Estimate,
            format!("pulling {images} takes about {} in {dir}, which has {} free", gibibytes(needed), gibibytes(*free)),
            format!(
                "see what can go with `docker system df`; `docker image prune` removes images without a name{force}"
            ),
        )
    });
    Checked::new("image disk", format!("{dir} has {} free; {images} to pull", gibibytes(*free)), finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::check::example::{messages, roomy};

    #[test]
    fn images_need_room_where_the_engine_keeps_them() {
        let host = |free| HostFacts { images_disk: Some(("/var/lib/docker".into(), free)), ..roomy() };
        let mesh = Mesh::example(1);
        let (none, all) = (Observed::default(), Observed { images: mesh.images(), ..Observed::default() });
        let finding = |there: &Observed, free| messages(&image_disk(&mesh, there, &host(free)).findings());
        insta::assert_snapshot!(finding(&none, 3 * GIBIBYTE), @"Estimate: pulling 2 images takes about 4.0 GiB in /var/lib/docker, which has 3.0 GiB free");
        assert_eq!(finding(&none, 5 * GIBIBYTE) + &finding(&all, 0), "");
    }
}
