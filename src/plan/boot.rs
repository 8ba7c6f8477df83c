//! How clusters come up: one order of events for `create`, `manage`, `upgrade` and settings that have their turn. Pure.

use super::{LinkStep, Plan, Step};
use crate::mesh::{
    Mesh,
    id::{ClusterId, ServiceId},
};

/// What a cluster needs to come up, without what it has already. It has no default: whoever brings clusters up decides
/// on every part of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Boot {
    /// What starts its Elasticsearch: all nodes, or the first one, where it founds the cluster.
    pub servers: Vec<Step>,
    /// What makes Elasticsearch accept the password that `mesh` has.
    pub password: Option<Step>,
    /// The wait until each of them answers.
    pub answers: Vec<Step>,
    /// What is set in Elasticsearch before Kibana starts.
    pub settings: Vec<Step>,
    /// What starts the nodes that join the first one, and the wait for each.
    pub followers: Vec<Step>,
    /// The wait until they know the token of its Kibana.
    pub token: Option<Step>,
    /// What starts its Kibana, which boots while other clusters start.
    pub kibana: Option<Step>,
    /// What other clusters need of it to be linked.
    pub keys: Vec<Step>,
}

impl Boot {
    /// The boot of a cluster that was up before, of which these services start: what was set in it is in its data.
    pub fn again(mesh: &Mesh, cluster: ClusterId, waits: bool, start: impl Fn(ServiceId) -> Option<Step>) -> Self {
        let nodes = || mesh.nodes(cluster).map(ServiceId::from);
        Self {
            servers: nodes().filter_map(&start).collect(),
            password: None,
            answers: nodes().filter(|_| waits).map(Step::AwaitReady).collect(),
            settings: Vec::new(),
            followers: Vec::new(),
            token: None,
            kibana: start(cluster.kibana()),
            keys: Vec::new(),
        }
    }

    /// The steps, in the order of events.
    pub fn steps(self) -> impl Iterator<Item = Step> {
        let Self { servers, password, answers, settings, followers, token, kibana, keys } = self;
        let answering = servers.into_iter().chain(password).chain(answers);
        answering.chain(settings).chain(followers).chain(token).chain(kibana).chain(keys)
    }
}

impl Plan {
    /// The stages in which clusters that were up before come up again, all at the same time: a server that knows
    /// remotes waits for each that does not run yet. Kibana is waited for last.
    pub(super) fn bring_up(
        self,
        boots: impl IntoIterator<Item = Boot>,
        links: Vec<Step>,
        kibanas: impl IntoIterator<Item = ServiceId>,
    ) -> Self {
        let boots: Vec<Boot> = boots.into_iter().collect();
        self.lanes("start clusters", boots.len(), boots.into_iter().flat_map(Boot::steps))
            .stage("prove links", links)
            .stage("wait for Kibana", kibanas.into_iter().map(Step::AwaitReady))
    }
}

/// The proofs of all links from and to clusters that are `touched`, between clusters that `run`, of those that the
/// versions at both ends allow.
pub(super) fn links_touching(
    mesh: &Mesh,
    touched: impl Fn(ClusterId) -> bool,
    run: impl Fn(ClusterId) -> bool,
) -> Vec<Step> {
    let remotes = |on: ClusterId| -> Vec<ClusterId> {
        mesh.searchable(on).filter(|to| run(*to) && (touched(on) || touched(*to))).collect()
    };
    mesh.clusters()
        .filter(|on| run(*on))
        .map(|on| (on, remotes(on)))
        .filter(|(_, to)| !to.is_empty())
        .map(|(on, to)| LinkStep::ProveLinks { on, to }.into())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Order;

    #[test]
    fn a_server_answers_before_its_kibana_starts_and_clusters_do_not_wait_for_each_other() {
        let mesh = Mesh::example(2);
        let boots = mesh
            .clusters()
            .map(|cluster| Boot::again(&mesh, cluster, true, |service| Some(Step::StartContainer(service))));
        let plan =
            Plan::of(None).bring_up(boots, links_touching(&mesh, |_| true, |_| true), [ClusterId::FIRST.kibana()]);
        assert_eq!(plan.stages[0].order, Order::ByCluster { at_once: 2 });
        insta::assert_snapshot!(plan, @r"
        start clusters
          ~ container cluster01-elastic
          ? cluster01-elastic answers
          ~ container cluster01-kibana
          ~ container cluster02-elastic
          ? cluster02-elastic answers
          ~ container cluster02-kibana
        prove links
          ? links from cluster01 to cluster02
          ? links from cluster02 to cluster01
        wait for Kibana
          ? cluster01-kibana answers
        ");
    }
}
