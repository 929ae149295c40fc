//! Nonces that were seen, for as long as a proof with one could be shown again.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    time::{Duration, Instant},
};

use verifier_core::{
    capability::{Nonce, Possession, WINDOW_MS},
    signature::PublicKey,
};

use crate::http::Peer;

/// What became of a proof's nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is remembered from now on.
    New,
    /// It was used before.
    Before,
    /// The proof was made before this provider was started: its predecessor may have seen it, and remembers nothing any more.
    Early,
    /// Whoever shares this token's first link, or this client, has used up their share.
    Crowded,
    /// No more can be remembered: nobody is let in on trust.
    Full,
}

/// Who shows a proof, as far as limits are shared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a> {
    /// The holder of the last link.
    pub(super) holder: &'a PublicKey,
    /// The holder of the first one, who answers for all to whom it was passed on.
    pub(super) party: &'a PublicKey,
    pub(super) client: Peer,
}

/// How many are remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) all: usize,
    /// For each party, and for each client.
    pub(super) share: usize,
}

/// Nonces of proofs that could still be within the window; bounded.
#[derive(Debug)]
pub(super) struct Nonces {
    started: Instant,
    bounds: Bounds,
    known: BTreeSet<(PublicKey, Nonce)>,
    parties: BTreeMap<PublicKey, usize>,
    clients: HashMap<Peer, usize>,
    queue: VecDeque<Entry>,
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    /// The proof's own time.
    time: u64,
    key: (PublicKey, Nonce),
    party: PublicKey,
    client: Peer,
}

impl Nonces {
    pub(super) fn new(started: Instant, bounds: Bounds) -> Self {
        let (parties, clients) = (BTreeMap::new(), HashMap::new());
        Self { started, bounds, known: BTreeSet::new(), parties, clients, queue: VecDeque::new() }
    }

    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Remembers the nonce of a proof that holds otherwise. `now` is what the clock says, which somebody may set, `at` what nobody sets.
    pub(super) fn use_once(&mut self, shown: &Shown<'_>, possession: &Possession, now: u64, at: Instant) -> Seen {
        self.forget(now, at);
        let since = u64::try_from(at.saturating_duration_since(self.started).as_millis()).unwrap_or(u64::MAX);
        let key = (*shown.holder, possession.nonce);
        if possession.time < now.saturating_sub(since) {
            return Seen::Early;
        }
        if self.known.contains(&key) {
            return Seen::Before;
        }
        if self.queue.len() >= self.bounds.all {
            return Seen::Full;
        }
        let client = shown.client.share();
        let party = self.parties.get(shown.party).copied().unwrap_or_default();
        let from_client = self.clients.get(&client).copied().unwrap_or_default();
        if party.max(from_client) >= self.bounds.share {
            return Seen::Crowded;
        }
        self.known.insert(key);
        self.parties.insert(*shown.party, party + 1);
        self.clients.insert(client, from_client + 1);
        self.queue.push_back(Entry { at, time: possession.time, key, party: *shown.party, client });
        Seen::New
    }

    /// Drops what the window refuses by now, by the clock and by the time that has passed.
    fn forget(&mut self, now: u64, at: Instant) {
        let window = Duration::from_millis(2 * WINDOW_MS);
        while let Some(first) = self.queue.front() {
            let passed = at.saturating_duration_since(first.at) > window;
            if !passed || first.time.saturating_add(WINDOW_MS) >= now {
                return;
            }
            if let Some(Entry { key, party, client, .. }) = self.queue.pop_front() {
                self.known.remove(&key);
                release(self.parties.get_mut(&party));
                release(self.clients.get_mut(&client));
                if self.parties.get(&party) == Some(&0) {
                    self.parties.remove(&party);
                }
                if self.clients.get(&client) == Some(&0) {
                    self.clients.remove(&client);
                }
            }
        }
    }
}

fn release(count: Option<&mut usize>) {
    if let Some(count) = count {
        *count = count.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use verifier_core::Digest;

    use super::*;

    fn possession(number: u8, time: u64) -> Possession {
        Possession {
            audience: String::new(),
            body: Digest::default(),
            method: String::new(),
            nonce: Nonce::new([number; 16]),
            path: String::new(),
            time,
            token: Digest::default(),
        }
    }

    const ANN: PublicKey = PublicKey::new([2; 33]);
    const BOB: PublicKey = PublicKey::new([3; 33]);
    const NOON: u64 = 1_000_000_000;
    const LONG: u64 = 2 * WINDOW_MS + 1;

    fn by<'a>(holder: &'a PublicKey, party: &'a PublicKey, client: u8) -> Shown<'a> {
        Shown { holder, party, client: Peer::Address([192, 0, 2, client].into()) }
    }

    #[test]
    fn a_nonce_is_used_once_by_each_holder_and_forgotten_when_it_cannot_come_again() {
        let start = Instant::now();
        let mut nonces = Nonces::new(start, Bounds { all: 2, share: 2 });
        let mut used = |holder, number, after: u64| {
            let at = start + Duration::from_millis(after);
            nonces.use_once(&by(holder, holder, 1), &possession(number, NOON + after), NOON + after, at)
        };
        assert_eq!(used(&ANN, 1, 1), Seen::New);
        assert_eq!(used(&ANN, 1, 1), Seen::Before);
        assert_eq!(used(&BOB, 1, 2), Seen::New);
        assert_eq!(used(&BOB, 2, 3), Seen::Full);
        assert_eq!(used(&ANN, 1, WINDOW_MS), Seen::Before, "still in the window");
        assert_eq!(used(&BOB, 2, LONG + 1), Seen::New, "one was forgotten");
        assert_eq!((nonces.known.len(), nonces.len(), nonces.parties.len()), (2, 2, 1));
    }

    #[test]
    fn nobody_takes_what_is_the_others() {
        let start = Instant::now();
        let mut nonces = Nonces::new(start, Bounds { all: 100, share: 2 });
        let mut number = 0;
        let mut used = |shown: &Shown<'_>| {
            number += 1;
            nonces.use_once(shown, &possession(number, NOON), NOON, start)
        };
        let keys: Vec<PublicKey> = (10..20).map(|byte| PublicKey::new([byte; 33])).collect();
        assert_eq!(used(&by(&keys[0], &ANN, 1)), Seen::New);
        assert_eq!(used(&by(&keys[1], &ANN, 2)), Seen::New);
        assert_eq!(used(&by(&keys[2], &ANN, 3)), Seen::Crowded, "passed on to a third holder");
        assert_eq!(used(&by(&keys[3], &keys[3], 1)), Seen::New);
        assert_eq!(used(&by(&keys[4], &keys[4], 1)), Seen::Crowded, "a third token from one client");
        assert_eq!(used(&by(&BOB, &BOB, 4)), Seen::New);
    }

    #[test]
    fn proofs_from_before_the_start_are_refused_whatever_the_clock_says_later() {
        let start = Instant::now();
        let bounds = Bounds { all: 9, share: 9 };
        let second = start + Duration::from_secs(1);
        let mut nonces = Nonces::new(start, bounds);
        let mut at = |number, time, now| nonces.use_once(&by(&ANN, &ANN, 1), &possession(number, time), now, second);
        assert_eq!(at(1, NOON - 1001, NOON), Seen::Early);
        assert_eq!(at(2, NOON - 1000, NOON), Seen::New);
        // The clock stood ahead when the provider was started, and is set right.
        let right = NOON - 80 * 60_000;
        assert_eq!(at(3, right, right), Seen::New);
        assert_eq!(at(3, right, right), Seen::Before);
        assert_eq!(at(4, right - 1001, right), Seen::Early);
    }
}
