//! WHAT IS ASKED AND WHAT COMES BACK. Requests as people type them, answers and logs as people read them. Pure: no I/O.

pub mod bench;
pub mod bundle;
pub mod export;
pub mod load;
pub mod log_line;
pub mod request;
pub mod search;
pub mod shell;
pub mod since;
pub mod support;
pub mod user_proof;
