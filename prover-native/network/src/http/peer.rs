//! Who asks: the address at the other end, or what a proxy that is trusted says about it.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// The client of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Peer {
    /// Somebody on this machine, by way of a socket file.
    Local,
    /// An address.
    Address(IpAddr),
}

impl Peer {
    /// What shares a limit: of IPv6 the network of a subscriber (64 bits), where one client has addresses without end.
    pub(crate) fn share(self) -> Self {
        match self {
            Self::Address(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
                Some(mapped) => Self::Address(IpAddr::V4(mapped)),
                None => Self::Address(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))),
            },
            other => other,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_network_share() {
        let share = |text: &str| Peer::Address(text.parse().unwrap()).share().to_string();
        assert_eq!(share("192.0.2.7"), "192.0.2.7");
        assert_eq!(share("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(share("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(share("2001:db8:1:2::1"), share("2001:db8:1:2:ffff::1"));
    }
}
