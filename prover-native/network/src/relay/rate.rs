//! How many posts a relay takes in a second: from each client, and from all together.

use std::{
    collections::HashMap,
    hash::Hash,
    time::{Duration, Instant},
};

/// Posts that are taken in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// From everybody together.
    pub all: u32,
    /// From one client.
    pub client: u32,
}

/// Tokens that come back with time; a second's worth at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn full(rate: u32, now: Instant) -> Self {
        Self { left: rate.into(), at: now }
    }

    /// Takes a token, if there is one.
    pub(crate) fn take(&mut self, rate: u32, now: Instant) -> bool {
        let rate = f64::from(rate);
        self.left = (self.left + rate * now.saturating_duration_since(self.at).as_secs_f64()).min(rate);
        self.at = now;
        if self.left < 1.0 {
            return false;
        }
        self.left -= 1.0;
        true
    }
}

/// A bucket for each of many; bounded.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    rate: u32,
    by: HashMap<K, Bucket>,
}

/// Buckets that are kept. One that was full for a second again says nothing, and makes room first.
const MOST: usize = 1 << 14;

impl<K: Hash + Eq> Buckets<K> {
    pub(crate) fn new(rate: u32) -> Self {
        Self { rate, by: HashMap::new() }
    }

    /// Takes a token of one's own. Where so many come that not all are remembered, those who are not share nothing: they are refused.
    pub(crate) fn take(&mut self, whose: K, now: Instant) -> bool {
        if self.by.len() >= MOST && !self.by.contains_key(&whose) {
            self.by.retain(|_, bucket| now.saturating_duration_since(bucket.at) < Duration::from_secs(1));
            if self.by.len() >= MOST {
                return false;
            }
        }
        self.by.entry(whose).or_insert_with(|| Bucket::full(self.rate, now)).take(self.rate, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_takes_from_a_bucket_of_their_own() {
        let now = Instant::now();
        let mut buckets = Buckets::new(2);
        assert!(buckets.take("loud", now) && buckets.take("loud", now) && !buckets.take("loud", now));
        assert!(buckets.take("quiet", now), "another's bucket is full still");
        assert!(buckets.take("loud", now + Duration::from_millis(600)), "it fills with time");
        assert!(!buckets.take("loud", now + Duration::from_millis(600)));
    }

    #[test]
    fn no_more_than_so_many_are_remembered() {
        let now = Instant::now();
        let mut buckets = Buckets::new(1);
        assert!((0..MOST).all(|number| buckets.take(number, now)));
        assert!(!buckets.take(MOST, now));
        assert!(buckets.take(MOST, now + Duration::from_secs(2)), "those who were quiet make room");
        assert_eq!(buckets.by.len(), 1);
    }
}
