//! WHAT IS THERE, as data. Pure: [`World`](crate::world::World) fills it in.

pub mod evidence;
pub mod health;
pub mod host;
pub mod observed;
