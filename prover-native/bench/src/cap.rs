//! Capability tokens: how many are judged a second on one core, from their text to the decision.

use std::{fmt, time::Instant};

use verifier_core::capability::{MAX_LINKS, Options, Permission, Request, Resource, Token, judge};
use verifier_core::pcap::obligation::Level;

use capseal_host::usage::cpu_time;
use capseal_trust::{
    capability::{CapabilityError, Terms, delegate, issue},
    keys::SecretKey,
};

/// Figures of capability tokens.
#[derive(Clone, Debug)]
pub struct CapFigures {
    /// Links, bytes, decisions a second of processor time in the best run.
    pub rows: Vec<(usize, usize, f64)>,
}

const RUNS: usize = 3;
/// Processor time is told in hundredths of a second: enough for that to be one in twenty.
const JUDGED: usize = 1000;
const AT: u64 = 1_800_000_000_000;

/// Judges tokens of 1, 3 and as many links as there may be, on one thread.
///
/// # Errors
/// When a token cannot be made.
pub fn cap() -> Result<CapFigures, CapabilityError> {
    let root = SecretKey::generate();
    let row = |links| {
        let token = chain(&root, links)?;
        let (text, options) = (token.to_text(), options(&root));
        let judged = || judge(&text, &options, &mut |_, _| false);
        debug_assert!(judged().is_allowed());
        let once = || {
            let (begun, before) = (Instant::now(), cpu_time());
            (0..JUDGED).for_each(|_| drop(std::hint::black_box(judged())));
            // Processor time: what else runs on the machine does not count.
            let used = before.zip(cpu_time()).map(|(before, after)| after.saturating_sub(before));
            used.unwrap_or_else(|| begun.elapsed()).as_secs_f64()
        };
        let best = (0..RUNS).map(|_| once()).fold(f64::MAX, f64::min);
        Ok((links, token.as_bytes().len(), JUDGED as f64 / best))
    };
    Ok(CapFigures { rows: [1, 3, MAX_LINKS].into_iter().map(row).collect::<Result<_, CapabilityError>>()? })
}

fn chain(root: &SecretKey, links: usize) -> Result<Token, CapabilityError> {
    let mut holder = SecretKey::generate();
    let resource = Resource::new("bundle/0/*").into_iter().collect();
    let terms = Terms {
        audience: Some("provider.example".to_owned()),
        depth: Some(MAX_LINKS as u64 - 1),
        ..Terms::new(holder.public(), &[Permission::Read], resource, AT / 1000 + 1)
    };
    let mut token = issue(root, &terms)?;
    for _ in 1..links {
        let next = SecretKey::generate();
        token = delegate(&token, &holder, &Terms::to(next.public()))?;
        holder = next;
    }
    Ok(token)
}

fn options(root: &SecretKey) -> Options {
    let request = Resource::new("bundle/0/1").map(|resource| Request {
        audience: "provider.example".to_owned(),
        permission: Permission::Read,
        resource,
        level: Level::S0,
        bytes: 0,
    });
    Options { roots: vec![root.public()], stale_reads: true, request, ..Options::at(AT) }
}

impl fmt::Display for CapFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "  from text to decision, a second of one core, best of {RUNS} runs of {JUDGED}; goal in brackets"
        )?;
        for (links, bytes, rate) in &self.rows {
            let goal = if *links == 1 { " (3,000)" } else { "" };
            writeln!(f, "  {links} links, {bytes:>5} bytes  {rate:>8.0} a second{goal}")?;
        }
        Ok(())
    }
}
