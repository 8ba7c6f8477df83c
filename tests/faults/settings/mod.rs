//! Settings of the user's own, on servers that run: secure ones, and templates.

mod secure;
mod templates;
