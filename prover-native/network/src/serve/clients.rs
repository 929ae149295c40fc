//! Connections of each client: one has a share of all, so that others always find some.
//!
//! A trusted proxy speaks for many and counts its own clients; so does whoever listens behind a socket file.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::json;

use super::{Log, Proxy};
use crate::http::Peer;
use capseal_host::clock;

/// Who has how many connections. It knows only those who have one, so that it is bounded as they are.
#[derive(Debug)]
pub(super) struct Clients {
    most: usize,
    proxies: Vec<Proxy>,
    log: Log,
    open: Mutex<HashMap<Peer, usize>>,
    refused: AtomicU64,
    /// The second in which the log was told last.
    told: AtomicU64,
}

/// A connection of a client, as long as it is there.
#[derive(Debug)]
pub(super) struct Place {
    clients: Arc<Clients>,
    client: Option<Peer>,
}

impl Clients {
    /// Each client may have so many.
    pub(super) fn new(most: usize, proxies: Vec<Proxy>, log: Log) -> Self {
        Self { most, proxies, log, open: Mutex::default(), refused: AtomicU64::new(0), told: AtomicU64::new(0) }
    }

    /// Clients without a limit.
    pub(super) fn unlimited() -> Self {
        Self::new(usize::MAX, Vec::new(), Log::NONE)
    }

    /// Takes a connection in; `None` when its client has as many as it may.
    pub(super) fn take(self: &Arc<Self>, peer: Peer) -> Option<Place> {
        let speaks_for_many = peer == Peer::Local || self.proxies.iter().any(|proxy| proxy.is(peer));
        let client = (!speaks_for_many).then(|| peer.share());
        if let Some(client) = client {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let count = open.get(&client).copied().unwrap_or(0);
            if count >= self.most {
                drop(open);
                self.refuse(client);
                return None;
            }
            open.insert(client, count + 1);
        }
        Some(Place { clients: Arc::clone(self), client })
    }

    /// Connections that were refused.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// The log is told once a second at most: a client that is refused comes again at once.
    fn refuse(&self, client: Peer) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let second = clock::now() / 1000;
        if self.told.swap(second, Ordering::Relaxed) != second {
            let fields = json!({
                "client": client.to_string(), "reason": "client-connections", "most": self.most, "refused": self.refused(),
            });
            self.log.event("warn", "refused", fields);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let mut open = self.clients.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&client) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.remove(&client)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_a_share_and_nobody_is_remembered_who_has_gone() {
        let peer = |text: &str| Peer::Address(text.parse().unwrap());
        let clients = Arc::new(Clients::new(2, vec!["10.0.0.0/8".parse().unwrap()], Log::NONE));
        let loud: Vec<Place> = (0..2).map(|_| clients.take(peer("192.0.2.1")).unwrap()).collect();
        assert!(clients.take(peer("192.0.2.1")).is_none() && clients.take(peer("::ffff:192.0.2.1")).is_none());
        let many = ["10.1.2.3"; 9].map(|proxy| clients.take(peer(proxy)).unwrap());
        let quiet = clients.take(peer("192.0.2.2")).unwrap();
        let network: Vec<_> = (1..=2).map(|n| clients.take(peer(&format!("2001:db8::{n}"))).unwrap()).collect();
        assert!(clients.take(peer("2001:db8::3")).is_none(), "a network of 64 bits is one client");
        assert_eq!(clients.refused(), 3);
        drop((loud, many, quiet, network));
        assert!(clients.open.lock().unwrap().is_empty());
        assert!(clients.take(peer("192.0.2.1")).is_some());
    }
}
