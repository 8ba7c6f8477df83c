//! One outcome from those of all nodes that a check was asked of: they need not agree. Pure.

use super::{CheckOutcome, Fault, LinkCause};
use crate::mesh::id::{ClusterId, NodeId};

/// Passed, unless there is a cause.
pub(super) fn unless(cause: Option<LinkCause>) -> CheckOutcome {
    cause.map_or(CheckOutcome::Passed, |cause| CheckOutcome::Failed(cause.into()))
}

/// What nodes of one cluster agree on. Where one of them passes, another that fails is a fault of that node; a node
/// that could not be asked says nothing.
pub(super) fn agree(nodes: impl Iterator<Item = NodeId>, check: impl Fn(NodeId) -> CheckOutcome) -> CheckOutcome {
    let outcomes: Vec<(NodeId, CheckOutcome)> = nodes.map(|node| (node, check(node))).collect();
    let whole = |outcome: &CheckOutcome| matches!(outcome, CheckOutcome::Failed(fault) if fault.node.is_none());
    let failed = outcomes.iter().find_map(|(node, outcome)| match outcome {
        CheckOutcome::Failed(fault) => Some((*node, fault)),
        _ => None,
    });
    let passes = outcomes.iter().any(|(_, outcome)| !whole(outcome) && !matches!(outcome, CheckOutcome::Untried(_)));
    match failed {
        Some((node, fault)) if passes => {
            CheckOutcome::Failed(Fault { node: Some(fault.node.unwrap_or(node)), ..fault.clone() })
        }
        Some((_, fault)) => CheckOutcome::Failed(fault.clone()),
        None if passes => CheckOutcome::Passed,
        None => match outcomes.into_iter().next() {
            Some((_, untried)) => untried,
            None => CheckOutcome::untried("no node is there to be asked".to_owned()),
        },
    }
}

impl CheckOutcome {
    /// With the name of the node that does not agree before the words of the cause, which do not say it of one that
    /// searches.
    pub(super) fn unnamed(self, searching: ClusterId) -> Self {
        match self {
            Self::Failed(fault) => {
                let unnamed = fault.node.is_some_and(|node| node.cluster == searching);
                Self::Failed(Fault { unnamed, ..fault })
            }
            outcome => outcome,
        }
    }
}
