//! Who may ask, by the head of a request: its host, its token, the page that it comes from. Pure.

use std::{
    collections::BTreeSet,
    net::{Ipv6Addr, SocketAddr},
};

use crate::mesh::secret::Secret;

/// What a browser or a program has to present.
#[derive(Debug, Clone)]
pub struct Token(Secret);

/// The least letters of a token that a person chose.
const SHORTEST: usize = 20;

impl Token {
    /// `None` for a text that is too short, or has letters that a header or an address would not carry as they are.
    pub fn new(text: &str) -> Option<Self> {
        let fits =
            text.len() >= SHORTEST && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte));
        fits.then(|| Self(Secret::new(text)))
    }

    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Whether this is it; takes as long for any text of its length.
    fn is(&self, given: &str) -> bool {
        let own = self.0.expose().as_bytes();
        own.len() == given.len() && own.iter().zip(given.as_bytes()).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
    }
}

/// What the head of a request says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Head<'a> {
    pub posts: bool,
    pub host: Option<&'a str>,
    pub cookies: Option<&'a str>,
    pub authorization: Option<&'a str>,
    pub origin: Option<&'a str>,
    pub fetch_site: Option<&'a str>,
    pub content_type: Option<&'a str>,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intruder {
    /// It was sent to another name: a page elsewhere may have had its own name lead here.
    WrongHost,
    /// It does not have the token.
    Unknown,
    /// It comes from a page of another site.
    CrossSite,
    /// It sends something other than JSON, as forms of other sites can.
    NotJson,
}

impl Intruder {
    pub fn status(self) -> u16 {
        match self {
            Self::WrongHost => 421,
            Self::Unknown => 401,
            Self::CrossSite => 403,
            Self::NotJson => 415,
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::WrongHost => "this page is not known by that name; `mesh serve --san NAME` lets it be",
            Self::Unknown => "the token is missing or wrong: open the address that `mesh serve` printed",
            Self::CrossSite => "a page of another site may not ask",
            Self::NotJson => "expected a body of the type application/json",
        }
    }
}

/// Where the page is, and what it takes to come in.
#[derive(Debug, Clone)]
pub struct Gate {
    at: SocketAddr,
    /// `https` in place of `http`.
    secure: bool,
    hosts: BTreeSet<String>,
    token: Token,
}

impl Gate {
    /// The page at an address, which is also known by some names.
    pub fn new(at: SocketAddr, names: &[String], secure: bool, token: Token) -> Self {
        let (port, usual) = (at.port(), if secure { 443 } else { 80 });
        let mut hosts = BTreeSet::from([at.to_string()]);
        for own in ["127.0.0.1", "localhost", "::1", &at.ip().to_string()].map(as_host) {
            hosts.insert(format!("{own}:{port}"));
            // browsers leave out the port that the scheme stands for
            if port == usual {
                hosts.insert(own);
            }
        }
        for name in names.iter().map(|name| as_host(name)) {
            hosts.insert(format!("{name}:{port}"));
            // behind another port of a machine that passes requests on
            hosts.insert(name);
        }
        Self { at, secure, hosts, token }
    }

    fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// What people open, without the token.
    pub fn address(&self) -> String {
        format!("{}://{}/", self.scheme(), self.at)
    }

    /// What people open once: it gives the browser the token.
    pub fn address_with_token(&self) -> String {
        format!("{}?token={}", self.address(), self.token.expose())
    }

    /// The cookie's name: a browser sends a cookie to every port of a host.
    fn cookie_name(&self) -> String {
        format!("mesh-{}", self.at.port())
    }

    /// What has a browser keep the token.
    pub fn cookie(&self) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{}={}; HttpOnly; SameSite=Strict; Path=/{secure}", self.cookie_name(), self.token.expose())
    }

    /// Whether this is the token, as it stands in an address.
    pub fn accepts(&self, token: &str) -> bool {
        self.token.is(token)
    }

    /// Whether the request was meant for this page.
    pub fn knows_host(&self, host: Option<&str>) -> Result<(), Intruder> {
        let known = host.is_some_and(|host| self.hosts.contains(&host.to_lowercase()));
        if known { Ok(()) } else { Err(Intruder::WrongHost) }
    }

    /// Whether a request may be answered.
    pub fn admit(&self, head: &Head<'_>) -> Result<(), Intruder> {
        self.knows_host(head.host)?;
        let by_header = head.authorization.and_then(|value| value.strip_prefix("Bearer "));
        let by_header = by_header.is_some_and(|given| self.token.is(given.trim()));
        if !by_header && !self.cookies(head).any(|given| self.token.is(given)) {
            return Err(Intruder::Unknown);
        }
        if !matches!(head.fetch_site, None | Some("same-origin" | "none")) {
            return Err(Intruder::CrossSite);
        }
        if head.posts {
            let host = head.host.unwrap_or_default();
            let is = |origin: &str, scheme: &str| origin.eq_ignore_ascii_case(&format!("{scheme}://{host}"));
            // without a port, it may be the name of a machine that passes requests on, and ends TLS
            let is_own = |origin: &str| is(origin, self.scheme()) || (!host.contains(':') && is(origin, "https"));
            match head.origin {
                Some(origin) if !is_own(origin) => return Err(Intruder::CrossSite),
                // a browser sends it with every POST
                None if !by_header => return Err(Intruder::CrossSite),
                _ => {}
            }
            let kind = head.content_type.and_then(|kind| kind.split(';').next()).map(str::trim);
            if kind != Some("application/json") {
                return Err(Intruder::NotJson);
            }
        }
        Ok(())
    }

    fn cookies<'a>(&self, head: &Head<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
        let name = self.cookie_name() + "=";
        head.cookies.unwrap_or_default().split(';').filter_map(move |cookie| cookie.trim().strip_prefix(name.as_str()))
    }
}

/// A name or an address as it stands in the header `Host`, see RFC 3986, section 3.2.2.
fn as_host(name: &str) -> String {
    name.parse::<Ipv6Addr>().map_or_else(|_| name.to_lowercase(), |address| format!("[{address}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdefghijklmnop";

    fn gate(secure: bool) -> Gate {
        let token = Token::new(TOKEN).unwrap();
        Gate::new("127.0.0.1:9500".parse().unwrap(), &["mesh.example.com".to_owned()], secure, token)
    }

    fn head() -> Head<'static> {
        let cookies = Some("a=b; mesh-9500=0123456789abcdefghijklmnop");
        Head { host: Some("127.0.0.1:9500"), cookies, ..Head::default() }
    }

    #[test]
    fn only_who_asks_for_this_page_with_its_token_is_answered() {
        let gate = gate(false);
        let outcome = |head: Head<'_>| gate.admit(&head).err();
        assert_eq!(outcome(head()), None);
        for host in ["localhost:9500", "[::1]:9500", "MESH.example.com", "mesh.example.com:9500"] {
            assert_eq!(outcome(Head { host: Some(host), ..head() }), None, "{host}");
        }
        for host in [None, Some("evil.example"), Some("127.0.0.1"), Some("127.0.0.1:9501"), Some("localhost:9500.x")] {
            assert_eq!(outcome(Head { host, ..head() }), Some(Intruder::WrongHost), "{host:?}");
        }
        for cookies in [
            None,
            Some("mesh-9501=0123456789abcdefghijklmnop"),
            Some("mesh-9500=0123456789abcdefghijklmnoq"),
            Some("mesh-9500="),
        ] {
            assert_eq!(outcome(Head { cookies, ..head() }), Some(Intruder::Unknown), "{cookies:?}");
        }
        let bearer = Head { cookies: None, authorization: Some("Bearer 0123456789abcdefghijklmnop"), ..head() };
        assert_eq!(outcome(bearer), None);
        assert_eq!(
            outcome(Head { authorization: Some("Basic 0123456789abcdefghijklmnop"), ..bearer }),
            Some(Intruder::Unknown)
        );
        assert_eq!(outcome(Head { fetch_site: Some("cross-site"), ..head() }), Some(Intruder::CrossSite));
    }

    #[test]
    fn a_host_needs_no_port_where_the_scheme_stands_for_it() {
        let knows = |at: &str, secure: bool, host: &str| {
            Gate::new(at.parse().unwrap(), &[], secure, Token::new(TOKEN).unwrap()).knows_host(Some(host)).is_ok()
        };
        for host in ["192.0.2.11", "192.0.2.11:443", "localhost", "[::1]"] {
            assert!(knows("192.0.2.11:443", true, host), "{host}");
        }
        assert!(knows("[2001:db8::1]:443", true, "[2001:DB8::1]"));
        assert!(knows("127.0.0.1:80", false, "127.0.0.1"));
        for (at, secure) in [("192.0.2.11:80", true), ("192.0.2.11:443", false), ("192.0.2.11:9500", true)] {
            assert!(!knows(at, secure, "192.0.2.11") && !knows(at, secure, "localhost"), "{at}");
        }
        assert!(!knows("192.0.2.11:443", true, "evil.example"));
    }

    #[test]
    fn an_address_of_version_6_is_in_brackets() {
        let names = ["2001:DB8:0::1".to_owned(), "[2001:db8::2]".to_owned()];
        let gate = Gate::new("0.0.0.0:9500".parse().unwrap(), &names, true, Token::new(TOKEN).unwrap());
        for host in ["[2001:db8::1]:9500", "[2001:db8::1]", "[2001:db8::2]:9500"] {
            assert_eq!(gate.knows_host(Some(host)), Ok(()), "{host}");
        }
        assert_eq!(gate.knows_host(Some("2001:db8::1:9500")), Err(Intruder::WrongHost));
    }

    #[test]
    fn a_page_of_another_site_can_send_nothing() {
        let gate = gate(false);
        let post = Head {
            posts: true,
            origin: Some("http://127.0.0.1:9500"),
            fetch_site: Some("same-origin"),
            content_type: Some("application/json; charset=utf-8"),
            ..head()
        };
        let outcome = |head: Head<'_>| gate.admit(&head).err();
        assert_eq!(outcome(post), None);
        for origin in [
            None,
            Some("null"),
            Some("http://127.0.0.1:9501"),
            Some("https://127.0.0.1:9500"),
            Some("http://evil.example"),
        ] {
            assert_eq!(outcome(Head { origin, ..post }), Some(Intruder::CrossSite), "{origin:?}");
        }
        for content_type in
            [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonp")]
        {
            assert_eq!(outcome(Head { content_type, ..post }), Some(Intruder::NotJson), "{content_type:?}");
        }
        let program =
            Head { cookies: None, origin: None, authorization: Some("Bearer 0123456789abcdefghijklmnop"), ..post };
        let by_name = Head { host: Some("mesh.example.com"), origin: Some("https://mesh.example.com"), ..post };
        assert_eq!([outcome(program), outcome(by_name)], [None; 2]);
    }

    #[test]
    fn a_cookie_is_for_this_page_alone() {
        assert_eq!(gate(false).cookie(), "mesh-9500=0123456789abcdefghijklmnop; HttpOnly; SameSite=Strict; Path=/");
        assert!(gate(true).cookie().ends_with("; Secure"));
        assert_eq!(gate(true).address_with_token(), "https://127.0.0.1:9500/?token=0123456789abcdefghijklmnop");
        for text in ["short", "0123456789abcdefghijklmno;", "0123456789abcdefghijklmno p"] {
            assert!(Token::new(text).is_none(), "{text}");
        }
        assert!(!format!("{:?}", gate(false)).contains(TOKEN));
    }
}
