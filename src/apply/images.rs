//! Images: why one cannot be had, and one tried beside what runs. I/O: Docker.

use std::time::Duration;

use super::Apply;
use crate::{
    console::StageLine,
    error::{Error, Exit},
    explain::Explain as _,
    judge::{
        container_exit::End,
        image::{Unfit, unfit, version_command},
        registry::{way_in, way_to_pull},
    },
    mesh::{id::ServiceKind, settings::registry_of},
    world::docker::{DockerError, Ended},
};

/// A program that does not say its version within this time hangs: it takes seconds on a machine that has other work.
const LONGEST: Duration = Duration::from_mins(2);

/// What to type where the disk of the engine is full.
pub(super) const FULL: &str =
    "the disk of Docker's images is full: see what can go with `docker system df`, and type the command again";

/// Whether the engine's disk is full, by what it answered.
pub(super) fn is_full(words: &str) -> bool {
    words.contains("no space left on device")
}

/// The error for an image that is neither here nor to be had. `with_flags` is what to type for other flags of
/// `mesh create`.
pub(super) fn cannot_pull(
    image: &str,
    is_gateway: bool,
    error: &DockerError,
    with_flags: impl Fn(&str) -> String,
) -> Error {
    let words = error.words();
    let hint = error.hint().unwrap_or_else(|| {
        if is_full(&words) {
            FULL.to_owned()
        } else if is_gateway {
            way_in(registry_of(image), &words).unwrap_or_else(|| {
                format!(
                    "name one that can be had: {}; `images/build nginx` builds one, and prints its name",
                    with_flags("--gateway-image IMAGE")
                )
            })
        } else {
            way_to_pull(image, &words, with_flags)
        }
    });
    Error::new(Exit::Machine, format!("the image {image} is not here and cannot be pulled")).cause(words).hint(hint)
}

impl Apply<'_> {
    /// Starts the image that clusters are upgraded to, once, and checks that it is of that version.
    pub(super) async fn try_image(&self, kind: ServiceKind, image: &str, line: &StageLine) -> Result<(), Error> {
        line.now(&format!("starting {image} once"));
        let mesh = self.mesh.upgraded();
        let mut services = mesh.services_of(kind).filter_map(|id| mesh.service(id));
        let Some(service) = services.find(|service| service.image == image) else { return Ok(()) };
        let docker = &self.world.docker;
        let command = version_command(kind).map(str::to_owned).to_vec();
        let container = docker.create_trial(&mesh, &service, command).await?;
        let trial = async { Ok(docker.run_to_its_end(&container, LONGEST).await?) };
        let ended = self.patience.unless_interrupted(trial).await;
        // whatever came of it
        docker.discard_container(&container).await?;
        let refused = || Error::new(Exit::Machine, format!("nothing was stopped, since {image} cannot be used"));
        let Some(Ended { exit_code, out_of_memory, error, log }) = ended? else {
            return Err(refused()
                .cause(format!("it did not tell its version within {} s", LONGEST.as_secs()))
                .hint("see with `mesh doctor` what the machine lacks; then type the same command again"));
        };
        let end = End { exit_code, out_of_memory, error: error.as_deref(), log: &log, ..End::default() };
        match unfit(&mesh, service.id, mesh.version(service.id.cluster()), end) {
            None => Ok(()),
            Some(Unfit { outcome, causes, remedy }) => {
                Err(causes.into_iter().fold(refused().cause(format!("it {outcome}")), Error::cause).hint(remedy))
            }
        }
    }
}
