//! The arguments of `mesh serve`. No behavior.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;

#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub page: PageArgs,
    /// Keep the token in this file, which only its owner may read, and do not print it; it is made where it is missing
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The least time between two looks, such as `30s` [default: what a look costs, twenty times]
    #[arg(long, value_name = "TIME", value_parser = super::timeout)]
    pub every: Option<Duration>,
}

/// Where the page is, and what it shows there.
#[derive(Debug, Args)]
pub struct PageArgs {
    /// Where the page listens; an address of other machines needs a certificate
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9500")]
    pub listen: SocketAddr,
    /// Another name by which browsers open the page; may be repeated
    #[arg(long, value_name = "NAME")]
    pub san: Vec<String>,
    /// The page's certificate with its chain, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// The key of the page's certificate, as PEM, which only its owner may read
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
}
