//! Nonces that were seen, for as long as a proof with one could be shown again.

use std::collections::{BTreeMap, BTreeSet};

use verifier_core::{
    capability::{Nonce, Possession, WINDOW_MS},
    signature::PublicKey,
};

/// What became of a proof's nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is remembered from now on.
    New,
    /// It was used before, or may have been before this provider started.
    Before,
    /// No more can be remembered: nobody is let in on trust.
    Full,
}

/// Nonces of proofs that are still within the window; bounded.
#[derive(Debug)]
pub(super) struct Nonces {
    /// Proofs from before this time may have been shown to this provider's predecessor, which remembers nothing any more.
    since: u64,
    most: usize,
    known: BTreeMap<(PublicKey, Nonce), u64>,
    by_time: BTreeSet<(u64, PublicKey, Nonce)>,
}

impl Nonces {
    pub(super) const fn new(since: u64, most: usize) -> Self {
        Self { since, most, known: BTreeMap::new(), by_time: BTreeSet::new() }
    }

    /// Remembers the nonce of a proof that holds otherwise.
    pub(super) fn use_once(&mut self, holder: &PublicKey, possession: &Possession, now: u64) -> Seen {
        self.forget(now);
        let key = (*holder, possession.nonce);
        if possession.time < self.since || self.known.contains_key(&key) {
            return Seen::Before;
        }
        if self.known.len() >= self.most {
            return Seen::Full;
        }
        self.known.insert(key, possession.time);
        self.by_time.insert((possession.time, key.0, key.1));
        Seen::New
    }

    /// Drops what the window refuses by now.
    fn forget(&mut self, now: u64) {
        while let Some((time, holder, nonce)) = self.by_time.first().copied() {
            if time.saturating_add(WINDOW_MS) >= now {
                return;
            }
            self.by_time.pop_first();
            self.known.remove(&(holder, nonce));
        }
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

    #[test]
    fn a_nonce_is_used_once_by_each_holder_and_forgotten_when_it_cannot_come_again() {
        let (ann, bob) = (PublicKey::new([2; 33]), PublicKey::new([3; 33]));
        let mut nonces = Nonces::new(1000, 2);
        assert_eq!(nonces.use_once(&ann, &possession(1, 5000), 5000), Seen::New);
        assert_eq!(nonces.use_once(&ann, &possession(1, 5000), 5000), Seen::Before);
        assert_eq!(nonces.use_once(&bob, &possession(1, 5001), 5000), Seen::New);
        assert_eq!(nonces.use_once(&bob, &possession(2, 5001), 5000), Seen::Full);
        assert_eq!(nonces.use_once(&ann, &possession(1, 5000), 5000 + WINDOW_MS), Seen::Before, "still in the window");
        assert_eq!(nonces.use_once(&bob, &possession(2, 5001), 5001 + WINDOW_MS), Seen::New, "one was forgotten");
        assert_eq!((nonces.known.len(), nonces.by_time.len()), (2, 2));
    }

    #[test]
    fn proofs_from_before_the_start_are_refused() {
        let mut nonces = Nonces::new(1000, 2);
        assert_eq!(nonces.use_once(&PublicKey::new([2; 33]), &possession(1, 999), 1000), Seen::Before);
    }
}
