//! Programs of the run that trace processes themselves.
//!
//! A thread has one tracer. Leak checkers start a thread that shares their memory, and stop all others through it: those are lent
//! for that time, in which they make no calls. A program that asks to be traced, to see whether it is already, gets the answer that it
//! gets alone. Debuggers are refused, because what they trace could not open files: their threads would have no tracer that
//! answers for the filter. A debugger's child asks between fork and exec, on behalf of a parent that would wait for it forever if it
//! heard that it is traced.

use std::{
    collections::{HashMap, HashSet},
    thread,
    time::{Duration, Instant},
};

use libc::{c_int, c_uint, pid_t};

use super::{EVENT_STOP, OPTIONS, POLL, Tracer, calls::Pending};
use crate::{record::Note, sys};

/// Threads that another thread of the run traces for now.
#[derive(Debug, Default)]
pub(super) struct Lent {
    /// To whom.
    threads: HashMap<pid_t, pid_t>,
    /// Processes that get a signal of ours to go on.
    continued: HashSet<u32>,
}

impl Tracer<'_> {
    /// A thread calls `ptrace`.
    pub(super) fn traces(&mut self, tid: pid_t, [request, target, ..]: [u64; 6]) -> Option<Pending> {
        self.ledger.note(Note::TracedInside);
        let target = target as pid_t;
        match request as c_uint {
            libc::PTRACE_TRACEME => {
                let thread = self.threads.get_mut(&tid).filter(|thread| thread.executed)?;
                // Asked again, the system refuses, as it does alone.
                if !std::mem::replace(&mut thread.asked_to_be_traced, true) {
                    sys::answer_zero(tid);
                }
                None
            }
            libc::PTRACE_ATTACH | libc::PTRACE_SEIZE => {
                if self.threads.contains_key(&target) && target != tid && sys::share_memory(tid, target) {
                    self.lend(target, tid);
                }
                None
            }
            // Stopped before it is given back, so that it runs at no time without a tracer.
            libc::PTRACE_DETACH if self.lent.threads.contains_key(&target) => {
                sys::signal_thread(target, libc::SIGSTOP);
                Some(Pending::GiveBack { target })
            }
            _ => None,
        }
    }

    /// Gives a thread up, once it has stopped.
    fn lend(&mut self, target: pid_t, to: pid_t) {
        sys::interrupt(target);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let Ok(stopped) = sys::wait_for(target, false) else { return };
            let Some((_, status)) = stopped else {
                thread::sleep(POLL);
                continue;
            };
            match signal_to_go_on_with(status) {
                Some(signal) if sys::detach(target, signal).is_ok() => {
                    self.lent.threads.insert(target, to);
                    return;
                }
                // In the middle of something, or at its end.
                _ => self.event(target, status),
            }
        }
    }

    /// Traces a thread again that was lent; it has stopped by our signal, or is about to.
    pub(super) fn take_back(&mut self, target: pid_t) {
        self.lent.threads.remove(&target);
        if sys::seize(target, OPTIONS).is_err() {
            self.ledger.note(Note::UntracedProcess);
        }
        if let Some(thread) = self.threads.get(&target) {
            self.lent.continued.insert(thread.process);
        }
        sys::signal_thread(target, libc::SIGCONT);
    }

    /// A thread has ended; the system has let go on what it traced.
    pub(super) fn given_back_by(&mut self, tid: pid_t) {
        let targets: Vec<_> =
            self.lent.threads.iter().filter(|(_, to)| **to == tid).map(|(target, _)| *target).collect();
        targets.into_iter().for_each(|target| self.take_back(target));
    }

    /// Whether a signal to go on is the one that was sent above.
    pub(super) fn is_own_signal(&mut self, tid: pid_t) -> bool {
        self.threads.get(&tid).is_some_and(|thread| self.lent.continued.remove(&thread.process))
    }
}

/// The signal with which a stopped thread goes on when it is given up; `None` in a stop that is none of its own.
fn signal_to_go_on_with(status: c_int) -> Option<c_int> {
    if !libc::WIFSTOPPED(status) {
        return None;
    }
    match (status >> 16, libc::WSTOPSIG(status)) {
        (EVENT_STOP, _) => Some(0),
        (0, signal) if signal & 0x80 == 0 => Some(signal),
        _ => None,
    }
}

/// A thread that sleeps in the kernel and cannot be woken stays ours.
const PATIENCE: Duration = Duration::from_secs(1);
