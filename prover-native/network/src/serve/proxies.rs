//! Proxies that are trusted to say for whom they ask.

use std::{net::IpAddr, str::FromStr};

use axum::http::HeaderMap;

use crate::http::Peer;

/// An address or a network, or whoever comes by a socket file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// By the socket file.
    Local,
    /// Addresses whose first bits are these.
    Network(IpAddr, u8),
}

impl FromStr for Proxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "not an address, a network such as 10.0.0.0/8, or unix".to_owned();
        if text == "unix" {
            return Ok(Self::Local);
        }
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok()).filter(|bits| *bits <= most).ok_or_else(wrong)?;
        Ok(Self::Network(address, bits))
    }
}

impl Proxy {
    /// Whether this is such a proxy.
    pub(super) fn is(&self, peer: Peer) -> bool {
        match (self, peer) {
            (Self::Local, Peer::Local) => true,
            (Self::Network(IpAddr::V4(network), bits), Peer::Address(IpAddr::V4(address))) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(*bits)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (Self::Network(IpAddr::V6(network), bits), Peer::Address(IpAddr::V6(address))) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(*bits)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// Addresses of a chain of proxies that are looked at.
const MOST_HOPS: usize = 16;

/// The client: the nearest in `X-Forwarded-For` that is no trusted proxy. What others write into that header is not believed.
pub(super) fn client(proxies: &[Proxy], peer: Peer, headers: &HeaderMap) -> Peer {
    let mut client = peer;
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')).take(MOST_HOPS) {
        if !proxies.iter().any(|proxy| proxy.is(client)) {
            return client;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(address) => client = Peer::Address(address.to_canonical()),
            Err(_) => return client,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_client_is_believed_only_from_a_trusted_proxy() {
        let found = |trusted: &[&str], peer: &str, lines: &[&'static str]| {
            let proxies: Vec<Proxy> = trusted.iter().map(|text| text.parse().unwrap()).collect();
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", HeaderValue::from_static(line));
            }
            let peer = if peer == "unix" { Peer::Local } else { Peer::Address(peer.parse().unwrap()) };
            client(&proxies, peer, &headers).to_string()
        };
        assert_eq!(found(&[], "192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(found(&["127.0.0.1"], "127.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(
            found(&["127.0.0.1"], "127.0.0.1", &["1.1.1.1, 203.0.113.9"]),
            "203.0.113.9",
            "the first is anybody's"
        );
        assert_eq!(found(&["127.0.0.1", "10.0.0.0/8"], "127.0.0.1", &["203.0.113.9", "10.1.2.3"]), "203.0.113.9");
        assert_eq!(found(&["127.0.0.1"], "127.0.0.1", &["nonsense"]), "127.0.0.1");
        assert_eq!(found(&["unix"], "unix", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(found(&["2001:db8::/32"], "2001:db8:ffff::1", &["192.0.2.5"]), "192.0.2.5");
        assert_eq!(found(&["0.0.0.0/0"], "192.0.2.1", &["192.0.2.5"]), "192.0.2.5");
        for wrong in ["", "x", "10.0.0.0/33", "10.0.0.0/-1", "::/129"] {
            assert!(wrong.parse::<Proxy>().is_err(), "{wrong}");
        }
    }
}
