//! What may be asked of other machines? (threats T23, T70)
//!
//! Addresses that tenants give us are asked only over TLS, only on public machines, and never further than they were given:
//! the name is resolved, every address it has is judged, and the connection goes to one that passed. An operator can allow
//! networks besides.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;
use reqwest::{
    Client, RequestBuilder, Response, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::SET_COOKIE,
    redirect::Policy,
};
use tokio::{net::lookup_host, time::timeout};
use tracing::Instrument as _;

use crate::spans;

/// How long an answer may take in all.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of the longest answer.
const ANSWER: usize = 64 * 1024;
/// Ports that may be asked where no network is allowed besides.
const PORTS: [u16; 2] = [443, 8443];

/// Why nothing was learned of another machine. It is said to administrators, so it names no address of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAsked(pub String);

fn not_asked(why: impl Into<String>) -> NotAsked {
    NotAsked(why.into())
}

/// The networks that may be asked although they are not public; names on the own machine over HTTP too, if that is among
/// them.
#[derive(Debug, Clone, Default)]
pub struct Allowed(pub Vec<IpNet>);

impl Allowed {
    /// The own machine, for sandboxes.
    #[must_use]
    pub fn own_machine() -> Self {
        let v4 = IpNet::new_assert(Ipv4Addr::LOCALHOST.into(), 8).trunc();
        Self(vec![v4, IpNet::new_assert(Ipv6Addr::LOCALHOST.into(), 128)])
    }

    fn has(&self, address: IpAddr) -> bool {
        is_public(address) || self.lists(address)
    }

    fn lists(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address.to_canonical()))
    }

    /// The address, if it may be asked at all.
    fn checked(&self, address: &str) -> Result<Url, NotAsked> {
        let url = Url::parse(address).map_err(|_| not_asked("it is not an address"))?;
        let host = url.host_str().ok_or_else(|| not_asked("it names no host"))?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let literal: Option<IpAddr> = bare.parse().ok();
        let on_this_machine = own_name(host) || literal.is_some_and(|ip| ip.is_loopback());
        let plain = url.scheme() == "http" && on_this_machine && self.lists(Ipv4Addr::LOCALHOST.into());
        if url.scheme() != "https" && !plain {
            return Err(not_asked("it must begin with `https://`"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(not_asked("it must not have a name or a password"));
        }
        if self.0.is_empty() && url.port().is_some_and(|port| !PORTS.contains(&port)) {
            return Err(not_asked("the port must be 443 or 8443"));
        }
        if literal.is_some_and(|ip| !self.has(ip)) {
            return Err(not_asked("it is not a public machine"));
        }
        Ok(url)
    }
}

/// Whether a name always means the own machine (RFC 6761 §6.3).
fn own_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    host == "localhost" || host.ends_with(".localhost")
}

/// Networks of IPv4 that are nobody's public machines (RFC 6890, RFC 5771, RFC 1112 §4).
const NOT_PUBLIC: &[(Ipv4Addr, u8)] = &[
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// Whether an address is a machine's that anybody can reach. Of IPv6 only what is given out to networks is, without what
/// stands for an address of IPv4 (RFC 4291 §2.5.5, RFC 6052, RFC 3056, RFC 4380) or is for documents.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let within = |(network, bits): &(Ipv4Addr, u8)| {
                let mask = u32::MAX.checked_shl(32 - u32::from(*bits)).unwrap_or(0);
                v4.to_bits() & mask == network.to_bits()
            };
            !NOT_PUBLIC.iter().any(within)
        }
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            let given_out = first & 0xe000 == 0x2000;
            let stands_for_another = first == 0x2002 || (first == 0x2001 && second == 0);
            let for_documents = (first == 0x2001 && second == 0x0db8) || first == 0x3fff;
            given_out && !stands_for_another && !for_documents
        }
    }
}

/// Names are resolved here, so that what is judged is what is connected to.
struct Judged(Arc<Allowed>);

impl Resolve for Judged {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = Arc::clone(&self.0);
        Box::pin(async move {
            let found: Vec<SocketAddr> = if own_name(name.as_str()) {
                vec![SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0)]
            } else {
                lookup_host((name.as_str(), 0)).await?.collect()
            };
            // One address that is not public is enough to distrust the name.
            if found.is_empty() || !found.iter().all(|address| allowed.has(address.ip())) {
                return Err(Box::from(not_asked("it is not a public machine")));
            }
            let found: Addrs = Box::new(found.into_iter());
            Ok(found)
        })
    }
}

/// How long a receiver of events may take to answer.
const RECEIVER_PATIENCE: Duration = Duration::from_secs(15);
/// How long the rest of its answer is read, so that the connection can be used again.
const REST: Duration = Duration::from_secs(1);
/// Headers of its answer that are kept, and bytes of them.
const KEPT_HEADERS: usize = 32;
const KEPT_BYTES: usize = 4096;

/// What a receiver of events answered, without the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub status: u16,
    pub headers: Vec<(String, String)>,
}

/// Asks other machines.
pub struct Egress {
    client: Client,
    allowed: Arc<Allowed>,
}

impl Egress {
    /// Asks public machines, and those of some networks.
    ///
    /// # Errors
    /// When the library fails.
    pub fn new(allowed: Allowed) -> Result<Self, reqwest::Error> {
        // Only the library's own choice of cryptography; that it was chosen before does no harm.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let allowed = Arc::new(allowed);
        let client = Client::builder()
            .dns_resolver(Arc::new(Judged(Arc::clone(&allowed))))
            .redirect(Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .pool_max_idle_per_host(1)
            .user_agent(concat!("rolecall/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, allowed })
    }

    /// What an address answers, as bytes.
    ///
    /// # Errors
    /// When it may not be asked, or does not answer well and in time.
    pub async fn get(&self, address: &str, bearer: Option<&str>) -> Result<Vec<u8>, NotAsked> {
        let url = self.allowed.checked(address)?;
        let span = spans::outgoing("GET", url.host_str().unwrap_or_default());
        let request = self.client.get(url);
        let request = bearer.into_iter().fold(request, RequestBuilder::bearer_auth);
        answer(request).instrument(span).await
    }

    /// Whether an address may be asked, as far as it says so itself. What its name means is looked at when it is asked.
    ///
    /// # Errors
    /// Why not.
    pub fn may_ask(&self, address: &str) -> Result<(), NotAsked> {
        self.allowed.checked(address).map(drop)
    }

    /// What an address answers that is told of an event, whatever status that has.
    ///
    /// # Errors
    /// When it may not be asked, or does not answer in time.
    pub async fn tell(
        &self,
        address: &str,
        headers: &[(String, String)],
        body: String,
    ) -> Result<Received, NotAsked> {
        let url = self.allowed.checked(address)?;
        let span = spans::outgoing("POST", url.host_str().unwrap_or_default());
        let request = self.client.post(url).timeout(RECEIVER_PATIENCE).body(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let sent = async {
            let sent = request.send().await;
            spans::outcome(sent.as_ref().ok().map(|response| response.status().as_u16()));
            sent
        };
        let mut response = sent.instrument(span).await.map_err(unreached)?;
        let received = Received { status: response.status().as_u16(), headers: few_headers(&response) };
        let mut left = ANSWER;
        let reading = async {
            while let Ok(Some(chunk)) = response.chunk().await {
                match left.checked_sub(chunk.len()) {
                    Some(rest) => left = rest,
                    None => break,
                }
            }
        };
        // What the rest says, and whether it comes, is of no interest.
        let _ = timeout(REST, reading).await;
        Ok(received)
    }

    /// What an address answers to a form.
    ///
    /// # Errors
    /// As [`Egress::get`].
    pub async fn post_form(
        &self,
        address: &str,
        form: &[(&str, &str)],
        basic: Option<(&str, &str)>,
    ) -> Result<Vec<u8>, NotAsked> {
        let url = self.allowed.checked(address)?;
        let span = spans::outgoing("POST", url.host_str().unwrap_or_default());
        let request = self.client.post(url).form(form);
        let request = match basic {
            Some((name, password)) => request.basic_auth(name, Some(password)),
            None => request,
        };
        answer(request).instrument(span).await
    }
}

/// That another machine did not answer. More than that is for the log only, without the address: it may have a secret in it.
fn unreached(error: reqwest::Error) -> NotAsked {
    let error = error.without_url();
    tracing::info!(?error, "another machine did not answer");
    not_asked(if error.is_timeout() { "it did not answer in time" } else { "it cannot be reached" })
}

/// The headers of an answer, as many as there is room for. Cookies are between the two machines.
fn few_headers(response: &Response) -> Vec<(String, String)> {
    let mut left = KEPT_BYTES;
    let texts = response.headers().iter().filter(|(name, _)| **name != SET_COOKIE);
    let texts = texts.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let fits = |(name, value): &(&str, &str)| {
        left = left.saturating_sub(name.len() + value.len());
        left > 0
    };
    let few = texts.take_while(fits).take(KEPT_HEADERS);
    few.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

async fn answer(request: RequestBuilder) -> Result<Vec<u8>, NotAsked> {
    let response = request.header("accept", "application/json").send().await;
    spans::outcome(response.as_ref().ok().map(|response| response.status().as_u16()));
    let mut response = response.map_err(unreached)?;
    let status = response.status();
    if !status.is_success() {
        return Err(not_asked(format!("it answered {}", status.as_u16())));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| not_asked("its answer broke off"))? {
        if bytes.len() + chunk.len() > ANSWER {
            return Err(not_asked("its answer is too long"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_machines_are_asked() {
        let nothing = Allowed::default();
        for good in [
            "https://op.example/",
            "https://op.example:8443/x?y",
            "https://93.184.216.34/",
            "https://[2606:2800:220:1::1]/",
        ] {
            assert!(nothing.checked(good).is_ok(), "{good}");
        }
        for wrong in [
            "http://op.example/",
            "ftp://op.example/",
            "file:///etc/passwd",
            "https://",
            "x",
            "https://op.example:22/",
            "https://a:b@op.example/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://017700000001/",
            "https://0/",
            "https://10.0.0.1/",
            "https://192.168.1.1/",
            "https://172.31.255.255/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[::127.0.0.1]/",
            "https://[fe80::1]/",
            "https://[fc00::1]/",
            "https://[fd00:ec2::254]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "https://[2001:0:7f00:1::]/",
            "https://[ff02::1]/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://\u{2460}27.0.0.1/",
            "http://localhost/",
            "http://127.0.0.1/",
        ] {
            assert!(nothing.checked(wrong).is_err(), "{wrong}");
        }
        let own = Allowed::own_machine();
        for good in
            ["http://acme.localhost:8787/x", "http://127.0.0.1:1/", "http://[::1]:1/", "https://127.0.0.1:1/"]
        {
            assert!(own.checked(good).is_ok(), "{good}");
        }
        for wrong in ["http://10.0.0.1/", "http://op.example/", "https://192.168.1.1/"] {
            assert!(own.checked(wrong).is_err(), "{wrong}");
        }
    }

    /// A name that means another machine is judged by what it means.
    #[tokio::test]
    async fn a_name_is_judged_by_its_addresses() {
        let egress = Egress::new(Allowed::default()).unwrap();
        for name in ["https://localhost/", "https://x.localhost/", "https://localhost./"] {
            assert_eq!(egress.get(name, None).await, Err(not_asked("it cannot be reached")), "{name}");
        }
    }
}
