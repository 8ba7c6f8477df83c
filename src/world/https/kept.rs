//! Connections that stay open between looks: to set up another costs a server more than most answers. No I/O.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;

use super::Https;
use crate::world::tls::Connector;

type Clients = HashMap<(SocketAddr, Arc<str>), Client<Connector, Full<Bytes>>>;

/// The clients of one look after the other, by address and by the authorities that they trust.
#[derive(Debug, Clone, Default)]
pub struct Connections(Arc<Mutex<Clients>>);

impl Connections {
    /// Forgets them all: a connection goes on with the certificate that it began with, so what may have been replaced
    /// is only seen by a new one.
    pub fn renew(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Https {
    /// This client, over the connections that an earlier one of its kind left open.
    #[must_use]
    pub fn over(self, connections: Option<&Connections>) -> Self {
        let Some(Connections(clients)) = connections else { return self };
        let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
        let of = (self.address, Arc::clone(&self.authorities));
        let client = clients.entry(of).or_insert_with(|| self.client.clone()).clone();
        Self { client, ..self }
    }
}
