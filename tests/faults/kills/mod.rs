//! Runs that are killed at many points: the same command again completes them.

mod commands;
mod create;
mod renewal;
mod reset;
mod upgrade;
