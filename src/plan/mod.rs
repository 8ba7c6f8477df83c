//! WHAT MUST CHANGE. Pure: ([`Mesh`](crate::mesh::Mesh), [`Observed`](crate::facts::observed::Observed)) → [`Plan`].
//!
//! A plan is data in ordered stages: it can be shown, compared and tested, and it holds no secret and no choice.

#[cfg(test)]
mod converge;
pub mod data;
mod lacking;
pub mod leaving;
pub mod manage;
pub mod meshes;
pub mod permissions;
pub mod reconcile;
pub mod remove;
pub mod renew;
pub mod rolling;
mod step;
pub mod upgrade;

use std::fmt;

pub use self::step::{Effect, Step};

/// Which steps of a stage may run at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// All of them: none depends on another.
    Together,
    /// Those of one cluster one after the other, and so many clusters at a time.
    ByCluster { at_once: usize },
}

/// Steps between two points where everybody waits for everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// In the imperative, lower case: `create containers`.
    pub title: &'static str,
    pub steps: Vec<Step>,
    pub order: Order,
}

impl Stage {
    /// Its steps in groups: in order within one, and no group depends on another.
    pub fn lanes(&self) -> Vec<&[Step]> {
        match self.order {
            Order::Together => self.steps.iter().map(std::slice::from_ref).collect(),
            Order::ByCluster { .. } => self.steps.chunk_by(|one, next| one.cluster() == next.cluster()).collect(),
        }
    }

    /// Whether it only looks at the machine, or pulls or tries images, which changes nothing of a mesh.
    pub fn prepares(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Step::ProveDirectory | Step::PullImage(_) | Step::TryImage { .. }))
    }
}

/// All that has to be done, stage after stage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub stages: Vec<Stage>,
}

impl Plan {
    /// Adds a stage at the end, unless there is nothing to do in it.
    #[must_use]
    pub fn stage(self, title: &'static str, steps: impl IntoIterator<Item = Step>) -> Self {
        self.ordered(title, Order::Together, steps)
    }

    /// The same, with the steps cluster by cluster.
    #[must_use]
    pub fn lanes(self, title: &'static str, at_once: usize, steps: impl IntoIterator<Item = Step>) -> Self {
        self.ordered(title, Order::ByCluster { at_once }, steps)
    }

    fn ordered(mut self, title: &'static str, order: Order, steps: impl IntoIterator<Item = Step>) -> Self {
        let steps: Vec<Step> = steps.into_iter().collect();
        if !steps.is_empty() {
            self.stages.push(Stage { title, steps, order });
        }
        self
    }

    /// The other plan, and then this one; but what prepares this one comes before either, since it can fail and changes nothing.
    #[must_use]
    pub fn after(self, first: Plan) -> Self {
        let (preparing, rest): (Vec<Stage>, Vec<Stage>) = self.stages.into_iter().partition(Stage::prepares);
        Self { stages: preparing.into_iter().chain(first.stages).chain(rest).collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.stages.iter().flat_map(|stage| &stage.steps)
    }

    /// Whether something stops that is to start again.
    pub fn restarts(&self) -> bool {
        let has = |wanted: fn(&Step) -> bool| self.steps().any(wanted);
        has(|step| matches!(step, Step::RestartContainer(_)))
            || (has(|step| matches!(step, Step::StopContainer(_) | Step::RemoveContainer { .. }))
                && has(|step| matches!(step, Step::StartContainer(_) | Step::CreateContainer(_))))
    }

    /// Whether carrying it out deletes data.
    pub fn destroys(&self) -> bool {
        self.steps().any(Step::destroys)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for stage in &self.stages {
            write!(f, "{}", stage.title)?;
            match stage.order {
                Order::ByCluster { at_once } if at_once < stage.lanes().len() => {
                    writeln!(f, ", {at_once} clusters at a time")?;
                }
                _ => writeln!(f)?,
            }
            for step in &stage.steps {
                let sign = match step.effect() {
                    Effect::Adds => '+',
                    Effect::Changes => '~',
                    Effect::Removes => '-',
                    Effect::Waits => '?',
                };
                writeln!(f, "  {sign} {step}")?;
            }
        }
        Ok(())
    }
}
