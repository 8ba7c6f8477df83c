//! Keys for guests, and the file that takes them there. I/O: network, disk.

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;
use tokio::time::timeout;

use super::Apply;
use crate::{
    error::{Error, Exit},
    facts::guests::{TakenBack, ids_of},
    mesh::{id::ClusterId, peers::Invitation},
    plan::GuestStep,
    world::new_file::write_new,
};

/// A cluster that does not answer by then is left: the user wants the run to end.
const PROMPTLY: Duration = Duration::from_secs(5);

impl Apply<'_> {
    pub(super) async fn guest_step(&self, step: &GuestStep) -> Result<(), Error> {
        match step {
            GuestStep::Record(_) | GuestStep::Forget(_) => self.record(),
            GuestStep::Issue { on, .. } => self.issue_guest_key(*on).await,
            GuestStep::Write { into, .. } => Ok(write_new(into, self.invitation()?.render().as_bytes())?),
            GuestStep::Revoke { on, keys, .. } => {
                let server = self.server(*on)?;
                self.persist(*on, "the API keys", async || server.revoke_keys(keys).await).await
            }
        }
    }

    /// The value of the key is nowhere but in this run until the invitation is whole.
    async fn issue_guest_key(&self, on: ClusterId) -> Result<(), Error> {
        let Some(draft) = &self.draft else { return Ok(()) };
        let server = self.server(on)?;
        let make = async || server.put_guest_key(self.mesh, on, draft, self.now).await;
        let key = self.persist(on, "the API key", make).await.map_err(|error| error.exit(Exit::Unfinished))?;
        self.guest_keys.borrow_mut().extend(key.map(|key| (on, key)));
        Ok(())
    }

    /// The invitation with the keys that this run made.
    ///
    /// # Errors
    /// Not every key was made.
    pub fn invitation(&self) -> Result<Invitation, Error> {
        let keys = self.guest_keys.borrow();
        self.draft.as_ref().and_then(|draft| draft.finish(self.mesh, &keys, self.now)).ok_or_else(|| {
            Error::new(Exit::Unfinished, "not every key of the invitation was made")
                .hint("type the same command again: it makes new ones")
        })
    }

    /// Revokes the keys of an invitation that was not handed over, where clusters answer: with a key on each it would
    /// count as the one in force.
    pub async fn take_back_keys(&self) -> TakenBack {
        let Some(draft) = &self.draft else { return TakenBack::default() };
        let asked = draft.authorities.keys().copied().map(async |on| {
            let taken = timeout(PROMPTLY, self.take_back(on, &draft.id)).await;
            (on, taken.ok().and_then(Result::ok))
        });
        TakenBack::of(&join_all(asked).await)
    }

    /// How many keys of an invitation were revoked. Of one whose answer was lost, only the server has the id.
    async fn take_back(&self, on: ClusterId, invitation: &str) -> Result<usize, Error> {
        let server = self.server(on)?;
        let mut ids: BTreeSet<String> = ids_of(invitation, &server.guest_keys().await?);
        ids.extend(self.guest_keys.borrow().get(&on).map(|key| key.id.clone()));
        let ids: Vec<String> = ids.into_iter().collect();
        if !ids.is_empty() {
            server.revoke_keys(&ids).await?;
        }
        Ok(ids.len())
    }
}
