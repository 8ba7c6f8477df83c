//! How clusters are brought up: which containers start, in which order, and how many at a time. Pure.

use super::Reconciler;
use crate::{
    facts::observed::ContainerState,
    mesh::{
        cluster::Discovery,
        id::{ClusterId, NodeId, NodeNumber, ServiceId},
        keystore,
        render::Formation,
    },
    plan::{NodeStep, Step, boot::Boot, renew::Renewal},
};

impl Reconciler<'_> {
    /// A server that holds credentials of remotes may know them: it tries each before it is ready, one after the other,
    /// and a remote that is not started yet keeps it waiting for 9 s. So servers that hold credentials start all at
    /// once.
    pub(super) fn at_once(&self) -> usize {
        let starting = || self.mesh.clusters().filter(|cluster| self.server(*cluster).is_none());
        let linked = |cluster: ClusterId| {
            let keystores = self.files(cluster).into_iter().flat_map(|files| files.nodes.values());
            let mut entries = keystores.filter_map(|node| node.keystore.as_ref()).flat_map(|entries| entries.keys());
            entries.any(|name| keystore::remote_of(name).is_some())
        };
        match starting().count() {
            count if count > 0 && !starting().any(linked) => self.inputs.at_once(count),
            _ => self.mesh.clusters().count(),
        }
    }

    /// The title of the stage that makes clusters ready.
    pub(super) fn readying(&self) -> &'static str {
        let starts = |boot: Boot| !boot.servers.is_empty() || !boot.answers.is_empty() || boot.kibana.is_some();
        let started = self.mesh.clusters().any(|cluster| starts(self.ready(cluster)));
        if started { "start clusters" } else { "prepare clusters" }
    }

    /// What brings a cluster up and ready to be linked.
    pub(super) fn ready(&self, cluster: ClusterId) -> Boot {
        let server = self.server(cluster);
        let kibana = Some(cluster.kibana()).filter(|kibana| self.mesh.has(*kibana));
        let first = cluster.node(NodeNumber::FIRST);
        let (mut servers, mut answers, mut followers) = (Vec::new(), Vec::new(), Vec::new());
        if !self.rolls(cluster) {
            let several = self.mesh.discovery(cluster) == Discovery::SeedHosts;
            let founds = several && self.formation(cluster) == Formation::Unfounded;
            let start = |node: &NodeId| self.start((*node).into());
            let awaited = |node: NodeId| server.is_none().then_some(Step::AwaitReady(node.into()));
            let others = || self.mesh.nodes(cluster).filter(|node| *node != first);
            servers.extend(start(&first));
            answers.extend(awaited(first));
            if founds {
                let founded = [NodeStep::RecordUuid(cluster).into(), Step::WriteSettings(first.into())];
                answers.extend(founded);
                followers.extend(others().filter_map(|node| start(&node)));
                followers.extend(others().filter_map(awaited));
            } else {
                servers.extend(others().filter_map(|node| start(&node)));
                servers.extend(self.recalled(cluster));
                answers.extend(others().filter_map(awaited));
            }
        }
        Boot {
            servers,
            password: self.locked_out(cluster).then_some(Step::ResetPassword(cluster)),
            answers,
            settings: self.license(cluster).into_iter().chain(self.logins(cluster)).collect(),
            followers,
            token: self.token_awaited(cluster),
            kibana: kibana.filter(|kibana| !self.has_its_turn(*kibana)).and_then(|kibana| self.start(kibana)),
            keys: self.keys(cluster),
        }
    }

    pub(super) fn start(&self, service: ServiceId) -> Option<Step> {
        if self.container_stale(service) {
            return Some(Step::StartContainer(service));
        }
        match self.there.containers.get(&service)?.state {
            // it is unknown whether it runs with the settings that were edited
            ContainerState::Running if self.secure_needs_start(service) => Some(Step::RestartContainer(service)),
            ContainerState::Running if !self.settings_in_force(service) => Some(Step::RestartContainer(service)),
            ContainerState::Running => None,
            ContainerState::Created | ContainerState::Stopped => Some(Step::StartContainer(service)),
            // Docker waits longer and longer before it starts one again that keeps ending
            ContainerState::Paused | ContainerState::Restarting => Some(Step::RestartContainer(service)),
        }
    }

    fn license(&self, cluster: ClusterId) -> Option<Step> {
        // a renewal is about something else, and a trial that cannot be started must not keep it from its end
        if *self.renewal != Renewal::default() {
            return None;
        }
        let found = self.server(cluster).map(|server| &server.license);
        match &self.inputs.license {
            Some(uid) => found.is_none_or(|license| &license.uid != uid).then_some(Step::ApplyLicense(cluster)),
            // a new cluster gives itself a trial license, so only one that says otherwise needs a step
            None => found.is_some_and(|license| !license.allows_links()).then_some(Step::StartTrial(cluster)),
        }
    }

    /// Whether `elastic` has an unknown password on the server, and the user agreed to set a new one.
    fn locked_out(&self, cluster: ClusterId) -> bool {
        // one that cannot be asked yet may refuse the password when it answers; to be given the one it has harms
        // nothing
        let unknown = self.files(cluster).is_some() && self.server(cluster).is_none();
        self.inputs.recover && (unknown || self.there.refuses(cluster))
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use crate::plan::reconcile::PlanInputs;

    #[test]
    fn clusters_start_in_turns_of_the_same_length() {
        let at_once = |cores, clusters| PlanInputs::new(OffsetDateTime::UNIX_EPOCH, cores).at_once(clusters);
        assert_eq!([1, 2, 3, 4, 5, 8, 16].map(|clusters| at_once(2, clusters)), [1, 2, 3, 2, 3, 3, 3]);
        assert_eq!([1, 8, 12, 99].map(|clusters| at_once(8, clusters)), [1, 8, 6, 9]);
        assert_eq!(at_once(8, 0), 1);
    }
}
