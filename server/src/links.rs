//! Under which address does a caller reach Rolecall, and what is the address of a thing there?
//!
//! An answer's links repeat the address the caller used, but only if it is known to be Rolecall's: what a request claims
//! about itself must not end up in a link (threats T26).

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use rolecall_engine::{names::Hostname, tenants::Tenant};
use schemars::JsonSchema;
use serde::Serialize;

/// A host name or an IP address, and a port if it is not the usual one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    name: String,
    port: Option<u16>,
}

/// The text is not an address of the wanted form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a host name or address with an optional port")]
pub struct ParseHostError;

impl FromStr for Host {
    type Err = ParseHostError;
    /// Reads the value of a `Host` header (RFC 9110 §7.2).
    fn from_str(text: &str) -> Result<Self, ParseHostError> {
        let (name, port) = match text.rsplit_once(':') {
            // A port that there is not makes the name no less a name.
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, port.parse().ok()),
            _ => (text, None),
        };
        let ipv6 = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        let name = if let Some(address) = ipv6 {
            format!("[{}]", address.parse::<Ipv6Addr>().map_err(|_| ParseHostError)?)
        } else {
            let name = name.strip_suffix('.').unwrap_or(name);
            Hostname::new(name).map_err(|_| ParseHostError)?.to_string()
        };
        Ok(Self { name, port })
    }
}

impl Host {
    /// The name alone, in lower case.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address, if it is one rather than a name.
    fn address(&self) -> Option<IpAddr> {
        self.name.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    /// Whether a tenant may own it: it is a name, and not the one that always means the own machine.
    pub fn may_be_a_tenants(&self) -> bool {
        self.name != "localhost" && self.address().is_none()
    }

    /// Whether it always means the own machine.
    pub fn is_loopback(&self) -> bool {
        let named = || self.name == "localhost" || self.name.ends_with(".localhost");
        self.address().map_or_else(named, |address| address.is_loopback())
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// The scheme, host and port of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: &'static str,
    host: Host,
}

impl FromStr for Origin {
    type Err = ParseHostError;
    /// Reads `http://host[:port]` or `https://host[:port]`.
    fn from_str(text: &str) -> Result<Self, ParseHostError> {
        let secure = text.strip_prefix("https://").map(|host| ("https", host));
        let (scheme, host) =
            secure.or_else(|| Some(("http", text.strip_prefix("http://")?))).ok_or(ParseHostError)?;
        Ok(Self { scheme, host: host.trim_end_matches('/').parse()? })
    }
}

impl Origin {
    /// The host.
    pub(crate) const fn host(&self) -> &Host {
        &self.host
    }

    /// Whether it is reached over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.scheme == "https"
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)
    }
}

/// The addresses of things, for one caller.
#[derive(Debug, Clone)]
pub struct Links {
    base: String,
}

impl Links {
    /// The links for a caller of `tenant` who asked `host`. The scheme is that of the public address, for behind it stands
    /// whatever ends TLS; a host that is not known to be Rolecall's is replaced by one that is.
    pub fn new(tenant: &Tenant, host: Option<&Host>, public: Option<&Origin>) -> Self {
        let scheme = public.map_or("http", |origin| origin.scheme);
        let known = |host: &&Host| {
            host.is_loopback()
                || public.is_some_and(|origin| origin.host == **host)
                || tenant.hostnames.iter().any(|name| name.as_str() == host.name)
        };
        let base = match (host.filter(known), public, tenant.hostnames.first()) {
            (Some(host), ..) if host.is_loopback() => format!("http://{host}"),
            (Some(host), ..) => format!("{scheme}://{host}"),
            (None, Some(public), _) => public.to_string(),
            (None, None, Some(name)) => format!("{scheme}://{name}"),
            (None, None, None) => String::new(),
        };
        Self { base }
    }

    /// The links under the tenant's own host name, for whoever does not ask at this moment. The port is that of the public
    /// address, or that which was asked.
    pub fn of_tenant(tenant: &Tenant, asked: Option<&Host>, public: Option<&Origin>) -> Self {
        let host = tenant.hostnames.first().map(|name| {
            let public = public.filter(|_| !name.is_loopback()).map(|origin| origin.host.port);
            let port = public.unwrap_or_else(|| asked.and_then(|host| host.port));
            Host { name: name.to_string(), port }
        });
        Self::new(tenant, host.as_ref(), public)
    }

    /// The links for somebody whose tenant is not known, or is the one that has the host; none where the host is not known to
    /// be Rolecall's either.
    pub fn for_anybody(
        tenant: Option<&Tenant>,
        host: Option<&Host>,
        public: Option<&Origin>,
    ) -> Option<Self> {
        match (tenant, host, public) {
            (Some(tenant), ..) => Some(Self::new(tenant, host, public)),
            (None, Some(host), _) if host.is_loopback() => Some(Self { base: format!("http://{host}") }),
            (None, _, public) => public.map(|public| Self { base: public.to_string() }),
        }
    }

    /// Whether callers come over TLS.
    pub fn is_secure(&self) -> bool {
        self.base.starts_with("https://")
    }

    /// The scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.base
    }

    /// The address of a path, which begins with `/`.
    pub fn to(&self, path: impl fmt::Display) -> Link {
        Link { href: format!("{}{path}", self.base) }
    }
}

/// A link to a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Link {
    /// The address.
    pub href: String,
}

impl Link {
    /// An address that was checked when it was given to us.
    pub fn elsewhere(address: &str) -> Self {
        Self { href: address.to_owned() }
    }
}

/// The links of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SelfLink {
    /// The resource itself.
    #[serde(rename = "self")]
    pub this: Link,
}

impl From<Link> for SelfLink {
    fn from(this: Link) -> Self {
        Self { this }
    }
}
