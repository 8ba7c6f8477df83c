//! Images as archives: out of the engine, into it, and on to a registry. I/O: Docker's socket, the user's Docker
//! configuration.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bollard::{
    auth::DockerCredentials,
    query_parameters::{ImportImageOptionsBuilder, PushImageOptionsBuilder, TagImageOptionsBuilder},
};
use futures::{Stream, StreamExt as _, stream::BoxStream};
use hyper::body::Bytes;
use tokio::time::timeout;

use super::{Docker, DockerError, absent_is_none, images::with_login};
use crate::ask::bundle::{Contents, image_name::ImageName};

/// An engine that neither takes nor gives anything for this long has stalled: a large layer on a slow disk takes
/// minutes.
const IDLE: Duration = Duration::from_mins(10);
/// How often progress is looked at.
const TICK: Duration = Duration::from_millis(200);
/// An archive may take so long before its answer begins, since [`IDLE`] ends it.
const LONGEST: Duration = Duration::from_hours(24);
/// The zeros that every tar ends with, in bytes.
const END: usize = 1024;

/// An archive that comes out of the engine.
pub struct Export {
    image: ImageName,
    pieces: BoxStream<'static, Result<Bytes, DockerError>>,
    /// The last bytes that came.
    tail: Vec<u8>,
}

impl Export {
    /// The next bytes of the archive; `None` at its end.
    ///
    /// # Errors
    /// The engine breaks off. One that fails half-way writes its error into the archive, and ends that as if it were
    /// whole; see `getImagesGet` in
    /// <https://github.com/moby/moby/blob/master/daemon/server/router/image/image_routes.go>.
    pub async fn next(&mut self) -> Result<Option<Bytes>, DockerError> {
        let next =
            timeout(IDLE, self.pieces.next()).await.map_err(|_| DockerError::Idle("save", self.image.clone()))?;
        let Some(bytes) = next.transpose()? else {
            let is_whole = self.tail.len() == END && self.tail.iter().all(|byte| *byte == 0);
            return if is_whole { Ok(None) } else { Err(DockerError::BrokenOff(self.image.clone())) };
        };
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(END)..]);
        self.tail.drain(..self.tail.len().saturating_sub(END));
        Ok(Some(bytes))
    }
}

impl Docker {
    /// What an image of that name is, and its bytes; `None` where there is none.
    pub async fn contents(&self, image: &ImageName) -> Result<Option<(Contents, u64)>, DockerError> {
        let asked = self.client.inspect_image(&image.to_string()).await;
        let found = absent_is_none(asked.map_err(DockerError::refused(format!("inspect image {image}"))))?;
        Ok(found.map(|found| {
            let contents = Contents {
                id: found.id.unwrap_or_default(),
                layers: found.root_fs.and_then(|files| files.layers).unwrap_or_default(),
                created: found.created,
            };
            (contents, found.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default())
        }))
    }

    /// The archive of an image, with its name.
    pub fn export(&self, image: &ImageName) -> Export {
        let action = format!("save {image}");
        let client = self.client.clone().with_timeout(LONGEST);
        let pieces = client.export_image(&image.to_string());
        let pieces = pieces.map(move |piece| piece.map_err(DockerError::refused(action.clone()))).boxed();
        Export { image: image.clone(), pieces, tail: Vec::new() }
    }

    /// Gives the engine an archive, compressed or not. `taken` are its bytes that the engine took so far.
    pub async fn load_image(
        &self,
        image: &ImageName,
        archive: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        taken: &Arc<AtomicU64>,
        mut report: impl FnMut(u64),
    ) -> Result<(), DockerError> {
        let client = self.client.clone().with_timeout(LONGEST);
        let mut answers = client.import_image_stream(ImportImageOptionsBuilder::new().build(), archive, None);
        let (mut known, mut since) = (0, Instant::now());
        loop {
            match timeout(TICK, answers.next()).await {
                Ok(Some(answer)) => {
                    answer.map_err(DockerError::refused(format!("load {image}")))?;
                    since = Instant::now();
                }
                Ok(None) => return Ok(()),
                Err(_) => {
                    let now = taken.load(Ordering::Relaxed);
                    if now != known {
                        (known, since) = (now, Instant::now());
                        report(now);
                    }
                    if since.elapsed() > IDLE {
                        return Err(DockerError::Idle("load", image.clone()));
                    }
                }
            }
        }
    }

    /// Gives an image another name, too.
    pub async fn tag(&self, image: &ImageName, name: &ImageName) -> Result<(), DockerError> {
        let options = TagImageOptionsBuilder::new().repo(name.repository()).tag(name.tag()).build();
        let asked = self.client.tag_image(&image.to_string(), Some(options)).await;
        asked.map_err(DockerError::refused(format!("call {image} {name}")))
    }

    /// Pushes an image with the login that the user's Docker configuration has for its registry. What the registry has
    /// is not sent again.
    pub async fn push(&self, image: &ImageName, report: impl FnMut(&str)) -> Result<(), DockerError> {
        with_login(&image.to_string(), async |login| self.push_as(login, image, report).await).await
    }

    async fn push_as(
        &self,
        login: Option<DockerCredentials>,
        image: &ImageName,
        mut report: impl FnMut(&str),
    ) -> Result<(), DockerError> {
        let options = PushImageOptionsBuilder::new().tag(image.tag()).build();
        let mut answers = self.client.push_image(image.repository(), Some(options), login);
        loop {
            let next = timeout(IDLE, answers.next()).await.map_err(|_| DockerError::Idle("push", image.clone()))?;
            let Some(answer) = next else { return Ok(()) };
            let answer = answer.map_err(DockerError::refused(format!("push {image}")))?;
            report(answer.status.as_deref().unwrap_or_default());
        }
    }
}
