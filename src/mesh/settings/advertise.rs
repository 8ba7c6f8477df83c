//! The address by which other machines reach the clusters. Pure: no I/O.

use std::{net::IpAddr, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{
    MeshSpec,
    value::{Scalar, none_where_empty},
};
use crate::mesh::invalid_value::InvalidValue;

/// The address of this machine, or of a balancer before it, that other machines reach remote cluster servers by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Advertised(#[serde(deserialize_with = "none_where_empty")] pub Option<IpAddr>);

/// The address of this machine that they are published on, where that is another one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AdvertiseBind(#[serde(deserialize_with = "none_where_empty")] pub Option<IpAddr>);

/// The empty text stands for no address.
fn address(text: &str) -> Result<Option<IpAddr>, InvalidValue> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        InvalidValue::new(format!(
            "`{text}` is not an address such as `192.0.2.11`: a name is refused, since Elasticsearch stops trying for good \
             when a name cannot be resolved once"
        ))
    })
}

fn schema() -> Json {
    json!({ "type": "string", "pattern": "^[0-9a-fA-F.:]*$" })
}

fn json(address: Option<IpAddr>) -> Json {
    address.map(|address| address.to_string()).unwrap_or_default().into()
}

impl Scalar for Advertised {
    const PLACEHOLDER: &'static str = "ADDRESS";

    fn read(text: &str, _: &Path) -> Result<Self, InvalidValue> {
        match address(text)? {
            Some(address) if address.is_unspecified() || address.is_loopback() || address.is_multicast() => {
                Err(InvalidValue::new(format!("other machines cannot reach this one by `{text}`")))
            }
            address => Ok(Self(address)),
        }
    }

    fn schema() -> Json {
        schema()
    }

    fn json(&self) -> Json {
        json(self.0)
    }
}

impl Scalar for AdvertiseBind {
    const PLACEHOLDER: &'static str = "ADDRESS";

    fn read(text: &str, _: &Path) -> Result<Self, InvalidValue> {
        address(text).map(Self)
    }

    fn schema() -> Json {
        schema()
    }

    fn json(&self) -> Json {
        json(self.0)
    }
}

impl MeshSpec {
    /// The address that remote cluster servers are published on for other machines; `None` where they are not.
    pub fn remote_bind(&self) -> Option<IpAddr> {
        self.advertise.0.map(|advertised| self.advertise_bind.0.unwrap_or(advertised))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_other_machines_reach() {
        let read = |text: &str| Advertised::read(text, Path::new("")).map_err(|error| error.to_string());
        for good in ["192.0.2.11", "2001:db8::1"] {
            assert_eq!(read(good).unwrap().0, Some(good.parse().unwrap()));
        }
        assert_eq!(read(""), Ok(Advertised(None)));
        insta::assert_snapshot!(read("vm1.example.org").unwrap_err(), @"`vm1.example.org` is not an address such as `192.0.2.11`: a name is refused, since Elasticsearch stops trying for good when a name cannot be resolved once");
        for wrong in ["127.0.0.1", "0.0.0.0", "::", "::1", "224.0.0.1"] {
            insta::allow_duplicates! {
                assert!(read(wrong).unwrap_err().starts_with("other machines cannot reach"), "{wrong}");
            }
        }
        assert!(AdvertiseBind::read("0.0.0.0", Path::new("")).is_ok());
    }

    #[test]
    fn behind_a_router_a_port_is_published_on_another_address() {
        let of = |advertise: &str, bind: &str| {
            let advertise = Advertised::read(advertise, Path::new("")).unwrap();
            let advertise_bind = AdvertiseBind::read(bind, Path::new("")).unwrap();
            let bind = MeshSpec { advertise, advertise_bind, ..MeshSpec::default() }.remote_bind();
            bind.map(|address| address.to_string())
        };
        assert_eq!(of("192.0.2.11", "").as_deref(), Some("192.0.2.11"));
        assert_eq!(of("192.0.2.11", "10.0.0.2").as_deref(), Some("10.0.0.2"));
        assert_eq!([of("", ""), of("", "10.0.0.2")], [None, None]);
    }
}
