//! Looking again after a plan was carried out, until the mesh is in sync. I/O: through `world` and `apply`.

use crate::{
    apply::{Apply, wait::Patience},
    console::Console,
    error::{Error, Exit},
    facts::observed::Observed,
    mesh::Mesh,
    plan::{
        Plan, Round,
        reconcile::{PlanInputs, reconcile},
    },
    session::{Session, now},
    world::World,
};

/// Looking again finds what could not be asked before; a mesh that is out of sync after this stays so.
const ROUNDS: u8 = 3;

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

/// Looks, and carries out the next round, until there is none. Each cluster has the whole time.
pub async fn carry_out_rounds(
    session: &Session,
    mut mesh: Mesh,
    patience: &Patience,
    console: &Console,
    next: &dyn Fn(&Mesh, &Observed, &PlanInputs) -> Option<Round>,
) -> Result<(), Error> {
    let (mut mended, mut changed) = (0, false);
    loop {
        let there = look_again(&session.world, &mesh).await;
        let there = there.map_err(|error| if changed { error.part_way() } else { error })?;
        let inputs = session.inputs();
        let Some(round) = next(&mesh, &there, &inputs) else { return Ok(()) };
        match round.cluster {
            Some(cluster) => {
                console.turn(&mesh, &round.mesh, cluster);
                mended = 0;
            }
            None if mended == ROUNDS => return Err(unsteady(&round.plan)),
            None => mended += 1,
        }
        patience.restart();
        let apply = Apply::new(session, &round.mesh, console, patience);
        let applied = apply.apply(&round.plan).await;
        applied.map_err(|error| if changed { error.part_way() } else { error })?;
        (mesh, changed) = (round.mesh, true);
    }
}

pub(super) async fn look_again(world: &World, mesh: &Mesh) -> Result<Observed, Error> {
    let survey = world.survey().await?;
    Ok(world.observe(mesh, &survey).await?)
}

/// The error for a mesh that does not get in sync, with what is still pending.
fn unsteady(rest: &Plan) -> Error {
    let error = Error::new(Exit::Unhealthy, "the mesh does not stay in sync");
    rest.descriptions()
        .take(5)
        .fold(error, |error, step| error.cause(format!("still to do: {}", step.text)))
        .hint("another program may be changing it; `mesh create --dry-run` shows all that differs")
}
