//! Exit codes: the one list of them, which the help, the manual page and the documentation share. Pure: no I/O.

/// How a run ends, for whoever started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    /// Nothing is wrong with the run.
    Unhealthy = 1,
    Request = 2,
    Machine = 3,
    /// A mesh that is changed in part is completed by the next run.
    Unfinished = 4,
    Locked = 5,
}

impl Exit {
    pub const ALL: [Self; 6] =
        [Self::Done, Self::Unhealthy, Self::Request, Self::Machine, Self::Unfinished, Self::Locked];

    /// What the code means, in the words of the help, of the manual page and of `docs/reference.md`.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "success",
            Self::Unhealthy => "the mesh is not as it should be: a link is down, a cluster does not answer or refuses",
            Self::Request => "the request is invalid",
            Self::Machine => "the machine is not ready, and nothing was changed; or stdout cannot be written",
            Self::Unfinished => "stopped part-way, or a question was answered with no: run the same command again",
            Self::Locked => "another run holds the lock",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_lists_every_exit_code() {
        let reference = include_str!("../docs/reference.md");
        for exit in Exit::ALL {
            let row = format!("\n| {} | {} |\n", exit as u8, exit.meaning());
            assert!(reference.contains(&row), "docs/reference.md should have the row{row}");
        }
    }
}
