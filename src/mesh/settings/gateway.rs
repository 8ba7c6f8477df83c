//! Where the mesh's gateway is, as settings. Pure: no I/O.

use std::{net::SocketAddr, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::value::{Scalar, none_where_empty};
use crate::mesh::invalid_value::InvalidValue;

/// The address and port of this machine that the gateway is published on; by default there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GatewayAddress(#[serde(deserialize_with = "none_where_empty")] pub Option<SocketAddr>);

/// The image of the gateway's container; by default the one of the mesh.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GatewayImage(#[serde(deserialize_with = "none_where_empty")] pub Option<String>);

/// The empty text stands for no gateway.
impl Scalar for GatewayAddress {
    const PLACEHOLDER: &'static str = "ADDRESS:PORT";

    fn read(text: &str, _: &Path) -> Result<Self, InvalidValue> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let refuse = |why: &str| {
            InvalidValue::new(format!("`{text}` is not an address with a port such as `192.0.2.11:443`{why}"))
        };
        let address: SocketAddr = text.parse().map_err(|_| refuse(""))?;
        if address.port() == 0 {
            return Err(refuse(": a port is 1 to 65535"));
        }
        Ok(Self(Some(address)))
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": r"^([0-9a-fA-F.:\[\]]+:[0-9]+)?$" })
    }

    fn json(&self) -> Json {
        self.0.map(|address| address.to_string()).unwrap_or_default().into()
    }
}

/// The empty text stands for the image of the mesh.
impl Scalar for GatewayImage {
    const PLACEHOLDER: &'static str = "IMAGE";

    fn read(text: &str, _: &Path) -> Result<Self, InvalidValue> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
        let whole = text.chars().all(is_part) && !text.starts_with([':', '-', '@']) && !text.ends_with([':', '@']);
        let whole = whole && (text.is_empty() || text.split('/').all(|part| !part.is_empty()));
        if !whole {
            return Err(InvalidValue::new(format!("`{text}` is not an image such as `mesh.local/nginx/nginx:1.26.3`")));
        }
        Ok(Self((!text.is_empty()).then(|| text.to_owned())))
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "^[A-Za-z0-9._/:@-]*$" })
    }

    fn json(&self) -> Json {
        self.0.clone().unwrap_or_default().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_has_an_address_and_a_port() {
        let read = |text: &str| GatewayAddress::read(text, Path::new("")).map_err(|error| error.to_string());
        for good in ["127.0.0.1:8443", "0.0.0.0:443", "[::1]:443"] {
            assert_eq!(read(good).unwrap().0, Some(good.parse().unwrap()));
        }
        assert_eq!(read(""), Ok(GatewayAddress(None)));
        insta::assert_snapshot!(read("mesh.example.org:443").unwrap_err(), @"`mesh.example.org:443` is not an address with a port such as `192.0.2.11:443`");
        insta::assert_snapshot!(read("127.0.0.1:0").unwrap_err(), @"`127.0.0.1:0` is not an address with a port such as `192.0.2.11:443`: a port is 1 to 65535");
        for wrong in ["8443", "127.0.0.1", ":8443", "::1:443", "127.0.0.1:65536"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_image_is_what_docker_takes_for_one() {
        let read = |text: &str| GatewayImage::read(text, Path::new(""));
        for good in ["nginx", "nginx:1.28.0", "registry.local:5000/a/nginx@sha256:00ff"] {
            assert_eq!(read(good).unwrap().0.as_deref(), Some(good));
        }
        for wrong in ["-v", "a b", "nginx:", "a$b"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
