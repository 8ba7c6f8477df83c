//! A cluster of several nodes that serves while each of them has its turn.

mod interrupted;
mod lost;
mod rolling;
