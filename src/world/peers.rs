//! Whether addresses of other machines take connections. I/O: network.

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;
use tokio::{net::TcpStream, time::timeout};

/// The time that a machine has to take a connection.
const PATIENCE: Duration = Duration::from_secs(2);

/// Those of these addresses, each `HOST:PORT`, that take a connection.
pub async fn answering(addresses: BTreeSet<String>) -> BTreeSet<String> {
    let tried = addresses.into_iter().map(async |address| {
        let connected = timeout(PATIENCE, TcpStream::connect(&address)).await;
        matches!(connected, Ok(Ok(_))).then_some(address)
    });
    join_all(tried).await.into_iter().flatten().collect()
}
