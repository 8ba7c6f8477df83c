//! Looking again after a plan was carried out, until the mesh is in sync. I/O: through `world` and `apply`.

use crate::{
    apply::Apply,
    error::{Error, Exit},
    facts::observed::Observed,
    mesh::Mesh,
    plan::{
        Plan,
        reconcile::{PlanInputs, reconcile},
    },
    session::now,
    world::World,
};

/// Looking again finds what could not be asked before; a mesh that is out of sync after this stays so.
pub const ROUNDS: u8 = 3;

/// Looks again, and carries out what is still to do, until the mesh is in sync.
pub async fn reconcile_until_steady(apply: &Apply<'_>, mut inputs: PlanInputs) -> Result<(), Error> {
    for round in 1..=ROUNDS {
        inputs.now = now();
        let there = look_again(apply.world, apply.mesh).await.map_err(Error::part_way)?;
        let rest = reconcile(apply.mesh, &there, &inputs);
        if rest.is_empty() {
            return Ok(());
        }
        if round == ROUNDS {
            return Err(unsteady(&rest));
        }
        apply.apply(&rest).await.map_err(Error::part_way)?;
    }
    Ok(())
}

pub async fn look_again(world: &World, mesh: &Mesh) -> Result<Observed, Error> {
    let survey = world.survey().await?;
    Ok(world.observe(mesh, &survey).await?)
}

/// The error for a mesh that does not get in sync, with what is still pending.
pub fn unsteady(rest: &Plan) -> Error {
    let told = Error::new(Exit::Unhealthy, "the mesh does not stay in sync");
    rest.descriptions()
        .take(5)
        .fold(told, |told, step| told.cause(format!("still to do: {}", step.text)))
        .hint("somebody else may be changing it; `mesh create --dry-run` shows all that differs")
}
