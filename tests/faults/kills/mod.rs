//! Runs that are killed at many points, which the same command completes, and runs that meet.

mod commands;
mod concurrency;
mod create;
mod renewal;
mod reset;
mod upgrade;
