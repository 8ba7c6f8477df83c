//! The file that keeps what Elasticsearch needs of the kernel over a reboot. Pure: no I/O.

use std::collections::BTreeMap;

use minijinja::context;

use super::template::render;

const SYSCTL: &str = include_str!("../../../templates/sysctl.conf");

/// The file of `sysctl.d` with these kernel settings.
pub fn kernel_settings(settings: &BTreeMap<String, u64>) -> String {
    render("sysctl.conf", SYSCTL, &context! { settings }).expect("should render: a test renders it")
}
