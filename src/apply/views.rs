//! Data views in Kibanas. I/O: network.

use std::time::Duration;

use super::{Apply, wait::Probe};
use crate::{
    error::Error,
    mesh::{
        data_views::{DataView, WHOLE, id_of},
        id::ClusterId,
    },
    plan::ViewStep,
    world::{https::HttpsError, kibana::Kibana},
};

/// Kibana writes its objects to Elasticsearch, whose indices for them may be on their way.
const VIEWS_TIMEOUT: Duration = Duration::from_mins(1);

impl Apply<'_> {
    pub(super) async fn view_step(&self, step: &ViewStep) -> Result<(), Error> {
        match step {
            ViewStep::Put { on, views } => self.put_views(*on, views).await,
            ViewStep::Remove { on, view } => {
                let kibana = self.kibana(*on)?;
                self.ask_kibana(*on, async || kibana.remove_view(&id_of(view)).await).await
            }
        }
    }

    pub(super) fn kibana(&self, cluster: ClusterId) -> Result<Kibana, Error> {
        Ok(Kibana::new(self.mesh, cluster, self.access(cluster)?)?)
    }

    async fn put_views(&self, on: ClusterId, names: &[String]) -> Result<(), Error> {
        let kibana = self.kibana(on)?;
        let found = self.ask_kibana(on, async || kibana.data_views().await).await?;
        let wanted = self.mesh.data_views(on).into_iter().filter(|view| names.contains(&view.name));
        for view in wanted {
            if found.contains_key(&view.id) {
                self.ask_kibana(on, async || kibana.update_view(&view).await).await?;
            } else if found.values().all(|known| known.name != view.name) {
                self.create_view(on, &kibana, &view).await?;
            }
        }
        Ok(())
    }

    /// One that another program made under the same name meanwhile stays.
    async fn create_view(&self, on: ClusterId, kibana: &Kibana, view: &DataView) -> Result<(), Error> {
        let create = async || match kibana.create_view(view).await {
            Err(HttpsError::Refused { status: 400, reason, .. }) if reason.contains("Duplicate data view") => Ok(()),
            answer => answer,
        };
        self.ask_kibana(on, create).await?;
        if view.name == WHOLE {
            self.ask_kibana(on, async || kibana.prefer_view(&view.id).await).await?;
        }
        Ok(())
    }

    /// Repeats a call while Kibana is not ready for it.
    async fn ask_kibana<T>(
        &self,
        on: ClusterId,
        mut call: impl AsyncFnMut() -> Result<T, HttpsError>,
    ) -> Result<T, Error> {
        let probe = async || match call().await {
            Ok(value) => Ok(Probe::Ready(value)),
            Err(error @ (HttpsError::Refused { status: 429 | 502 | 503, .. } | HttpsError::NoAnswer { .. })) => {
                Ok(Probe::Pending(error.cause()))
            }
            Err(error) => Err(Error::from(error)
                .under(format!("{} does not take its data views", on.kibana()))
                .hint("`mesh create --no-data-set` does without; `mesh logs` has Kibana's own words")),
        };
        self.patience.until(&format!("the data views of {}", on.kibana()), Some(VIEWS_TIMEOUT), probe).await
    }
}
