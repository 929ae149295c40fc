//! Watches a process tree on Linux: what it opens, writes, renames and executes, through ptrace and a seccomp filter.
//!
//! The thread that calls [`follow`] is the tracer; it starts the child itself and hears of every process and thread that
//! comes from it. Only calls that the [`filter`] picks stop a thread. Limits: `docs/spec/capture.md`.

mod calls;
mod filter;
mod inside;

use std::{
    collections::HashMap,
    ffi::OsStr,
    fs, io,
    io::PipeWriter,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use libc::{c_int, pid_t};

use self::{calls::Pending, inside::Lent};
use super::{
    Ended, RunError, Start,
    ledger::{Happening, Ledger, MAIN},
    record::{EventKind, Exit, Note},
    streams::Tap,
    sys::{self, Call, Child, Launch, Step},
    text::joined,
};

/// What came of an attempt to watch.
#[derive(Debug)]
pub(super) enum Followed {
    /// The run was watched to its end.
    Ended(Ended),
    /// The system does not let us; nothing was executed.
    Refused(String),
}

/// Runs a child and watches it, and all that comes from it, to the end.
///
/// # Errors
/// When the child cannot be started, or the system fails to tell about it.
pub(super) fn follow(
    start: &Start<'_>,
    ledger: &mut Ledger,
    stdout: PipeWriter,
    stderr: PipeWriter,
    in_order: Option<[Tap; 2]>,
) -> Result<Followed, RunError> {
    let streams = filter::Streams { input: ledger.unkept_stdin.is_some(), outputs: in_order.is_some() };
    let Some(filter) = filter::filter(streams) else {
        return Ok(Followed::Refused("this architecture is not supported".to_owned()));
    };
    let launch = Launch {
        executable: &start.strings.executable,
        argv: &start.strings.argv,
        environment: &start.strings.environment,
        working_dir: &start.strings.working_dir,
        stdout: stdout.as_fd(),
        stderr: stderr.as_fd(),
        filter: &filter,
    };
    let mut child = sys::fork(&launch).map_err(|error| RunError::System { action: "start a process", error })?;
    let outputs = in_order.and_then(|streams| Outputs::new(streams, [stdout.as_fd(), stderr.as_fd()]));
    // Only the child and what comes from it may hold the pipes open.
    drop((stdout, stderr));
    if let Err(error) = sys::seize(child.pid, OPTIONS) {
        sys::kill(child.pid, libc::SIGKILL);
        while sys::wait(true).is_ok() {}
        return Ok(Followed::Refused(format!("ptrace: {error}")));
    }
    let mut tracer = Tracer::new(child.pid, start, ledger);
    tracer.outputs = outputs;
    child.go().map_err(|error| RunError::System { action: "start a process", error })?;
    let ended = tracer.run()?;
    match tracer.executed {
        true => Ok(Followed::Ended(ended)),
        false => not_executed(&mut child, start, ended),
    }
}

/// Tells why a child ended before it executed anything.
fn not_executed(child: &mut Child, start: &Start<'_>, ended: Ended) -> Result<Followed, RunError> {
    match child.trouble() {
        Some((Step::Filter, error)) => Ok(Followed::Refused(format!("seccomp: {error}"))),
        Some((Step::WorkingDir, error)) => Err(RunError::WorkingDir { path: start.working_dir.to_owned(), error }),
        Some((Step::Execute, error)) => Err(RunError::Start { path: start.resolved.executable.clone(), error }),
        Some((Step::Streams, error)) => Err(RunError::System { action: "connect a pipe", error }),
        // Killed from outside, at this very moment.
        None => Ok(Followed::Ended(ended)),
    }
}

const OPTIONS: c_int = libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACESECCOMP
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC
    // Without its tracer a filtered call fails: what is left of the tree could not go on.
    | libc::PTRACE_O_EXITKILL;

struct Tracer<'a> {
    start: &'a Start<'a>,
    ledger: &'a mut Ledger,
    main: pid_t,
    threads: HashMap<pid_t, Thread>,
    /// Number of the process that was seen last.
    processes: u32,
    began: Instant,
    ended: Option<Ended>,
    /// Whether the main process has executed its program.
    executed: bool,
    lent: Lent,
    /// The output streams, when they shall come out in the program's order.
    outputs: Option<Outputs>,
}

/// Two output streams that go to one place.
struct Outputs {
    streams: [Tap; 2],
    /// Their pipes, by their names in `/proc/PID/fd`.
    pipes: [PathBuf; 2],
    /// The one that was written to last.
    last: Option<usize>,
}

impl Outputs {
    fn new(streams: [Tap; 2], pipes: [BorrowedFd<'_>; 2]) -> Option<Self> {
        let [stdout, stderr] = pipes.map(|pipe| fs::read_link(format!("/proc/self/fd/{}", pipe.as_raw_fd())).ok());
        Some(Self { streams, pipes: [stdout?, stderr?], last: None })
    }

    /// A thread is about to write to a descriptor: what the other stream holds comes first.
    fn about_to_write(&mut self, tid: pid_t, descriptor: u64) {
        let Ok(link) = fs::read_link(format!("/proc/{tid}/fd/{descriptor}")) else { return };
        let Some(stream) = self.pipes.iter().position(|pipe| *pipe == link) else { return };
        if self.last != Some(stream) {
            self.streams[1 - stream].drain();
            self.last = Some(stream);
        }
    }
}

/// A thread of the tree.
struct Thread {
    /// Number of its process.
    process: u32,
    /// Whether it is the one that the process is named after.
    leads: bool,
    /// The call that it is in.
    pending: Option<Pending>,
    /// Whether it has executed a program since it was forked.
    executed: bool,
    /// Whether it has asked its parent to trace it.
    asked_to_be_traced: bool,
}

impl Thread {
    const fn new(process: u32, leads: bool) -> Self {
        Self { process, leads, pending: None, executed: false, asked_to_be_traced: false }
    }
}

impl<'a> Tracer<'a> {
    fn new(main: pid_t, start: &'a Start<'a>, ledger: &'a mut Ledger) -> Self {
        let threads = [(main, Thread::new(MAIN, true))].into();
        let began = Instant::now();
        let lent = Lent::default();
        let outputs = None;
        Self { start, ledger, main, threads, processes: MAIN, began, ended: None, executed: false, lent, outputs }
    }

    /// Handles events until the last process has ended.
    fn run(&mut self) -> Result<Ended, RunError> {
        if let Some(forwarding) = self.start.forwarding {
            forwarding.to(self.main);
        }
        loop {
            match sys::wait(self.ended.is_none()) {
                Ok(Some((tid, status))) => self.event(tid, status),
                Ok(None) => self.linger(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(RunError::System { action: "wait for the program", error }),
            }
        }
        // The main process is among those that have ended.
        Ok(self.ended.unwrap_or(Ended { exit: Exit::Signal(libc::SIGKILL as u8), duration: self.began.elapsed() }))
    }

    /// The main process has ended and others have not: they may go on for a while.
    fn linger(&mut self) {
        let allowed = self.ended.map_or(Duration::MAX, |ended| ended.duration.saturating_add(self.start.linger));
        if self.began.elapsed() >= allowed {
            self.ledger.note(Note::LeftBehindEnded);
            for (pid, _) in self.threads.iter().filter(|(_, thread)| thread.leads) {
                sys::kill(*pid, libc::SIGKILL);
            }
        }
        thread::sleep(POLL);
    }

    fn event(&mut self, tid: pid_t, status: c_int) {
        if libc::WIFEXITED(status) {
            return self.gone(tid, Exit::Code(libc::WEXITSTATUS(status) as u8));
        }
        if libc::WIFSIGNALED(status) {
            return self.gone(tid, Exit::Signal(libc::WTERMSIG(status) as u8));
        }
        if !self.threads.contains_key(&tid) {
            self.meet(tid);
        }
        let signal = libc::WSTOPSIG(status);
        match (status >> 16, signal) {
            (libc::PTRACE_EVENT_SECCOMP, _) => self.filtered(tid),
            (libc::PTRACE_EVENT_EXEC, _) => {
                self.has_executed(tid);
                sys::resume(tid, 0);
            }
            (EVENT_STOP, libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU) => sys::keep_stopped(tid),
            (0, CALL_STOP) => {
                self.call_done(tid);
                sys::resume(tid, 0);
            }
            (0, libc::SIGCONT) if self.is_own_signal(tid) => sys::resume(tid, 0),
            (0, signal) => sys::resume(tid, signal),
            _ => sys::resume(tid, 0),
        }
    }

    /// A thread shows up for the first time. Its parent's event may come later, or never, when the parent is killed: what
    /// the system says about the thread itself is enough.
    fn meet(&mut self, tid: pid_t) {
        let status = fs::read_to_string(format!("/proc/{tid}/status")).unwrap_or_default();
        let number = |key: &str| -> Option<pid_t> {
            status.lines().find_map(|line| line.strip_prefix(key))?.trim().parse().ok()
        };
        let known = |pid: Option<pid_t>| pid.and_then(|pid| self.threads.get(&pid)).map(|thread| thread.process);
        let leads = number("Tgid:").is_none_or(|leader| leader == tid);
        let process = match known(number("Tgid:")) {
            Some(process) if !leads => process,
            _ => {
                let parent = known(number("PPid:")).unwrap_or(0);
                self.processes += 1;
                let process = self.processes;
                self.ledger.event(Happening::Plain(EventKind::ProcessStarted { process, parent }));
                process
            }
        };
        self.threads.insert(tid, Thread::new(process, leads));
    }

    fn gone(&mut self, tid: pid_t, exit: Exit) {
        self.given_back_by(tid);
        let Some(thread) = self.threads.remove(&tid) else { return };
        if !thread.leads {
            return;
        }
        self.ledger.event(Happening::Plain(EventKind::ProcessEnded { process: thread.process, exit }));
        if tid == self.main {
            self.start.forwarding.inspect(|forwarding| forwarding.to_nobody());
            self.ended = Some(Ended { exit, duration: self.began.elapsed() });
        }
    }

    fn filtered(&mut self, tid: pid_t) {
        let pending = match sys::call(tid) {
            Some(Call::Filtered { data: filter::FOREIGN, .. }) => {
                self.ledger.note(Note::ForeignArchitecture);
                None
            }
            Some(Call::Filtered { number, args, .. }) if number == libc::SYS_ptrace as u64 => self.traces(tid, args),
            Some(Call::Filtered { number, args, .. }) => {
                if let Some(outputs) = self.outputs.as_mut().filter(|_| calls::is_write(number)) {
                    outputs.about_to_write(tid, args[0]);
                }
                calls::entered(self.ledger, tid, number, args)
            }
            _ => None,
        };
        match self.threads.get_mut(&tid) {
            Some(thread) if pending.is_some() => {
                thread.pending = pending;
                sys::resume_to_exit(tid);
            }
            _ => sys::resume(tid, 0),
        }
    }

    fn call_done(&mut self, tid: pid_t) {
        let pending = self.threads.get_mut(&tid).and_then(|thread| thread.pending.take());
        if let Some(Pending::GiveBack { target }) = pending {
            return self.take_back(target);
        }
        if let (Some(pending), Some(Call::Done { value: value @ 0.. })) = (pending, sys::call(tid)) {
            pending.done(self.ledger, tid, value);
        }
    }

    fn has_executed(&mut self, pid: pid_t) {
        // A thread that executes takes over the number of its process.
        if let Some(former) = sys::event_message(pid).and_then(|former| pid_t::try_from(former).ok())
            && former != pid
        {
            self.threads.remove(&former);
        }
        let Some(thread) = self.threads.get_mut(&pid) else { return };
        thread.pending = None;
        thread.executed = true;
        let process = thread.process;
        if pid == self.main && !self.executed {
            self.executed = true;
            if gave_up_privileges(pid) {
                self.ledger.note(Note::NoNewPrivileges);
            }
        }
        let named = executed_as(self.ledger, pid);
        let is_new = self.ledger.executed(process, &PathBuf::from(format!("/proc/{pid}/exe")), named.as_deref());
        // What the system maps to execute a file that is known is known, too.
        let mapped = if is_new { mapped_files(pid) } else { Vec::new() };
        mapped.iter().for_each(|mapped| self.ledger.mapped(mapped));
    }
}

/// How often to look for what has outlived the main process.
const POLL: Duration = Duration::from_micros(500);
/// The stop signal of a system call, as `PTRACE_O_TRACESYSGOOD` marks it.
const CALL_STOP: c_int = libc::SIGTRAP | 0x80;
/// `PTRACE_EVENT_STOP`, which not every C library's headers have.
const EVENT_STOP: c_int = 128;

/// Whether the child had to give up new privileges, and this process has not.
fn gave_up_privileges(pid: pid_t) -> bool {
    let is_set = |process: &str| {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        status.lines().any(|line| line.strip_prefix("NoNewPrivs:").is_some_and(|value| value.trim() == "1"))
    };
    is_set(&pid.to_string()) && !is_set("self")
}

/// The name that a program was executed by: a script's own, where the executable is its interpreter.
fn executed_as(ledger: &Ledger, pid: pid_t) -> Option<PathBuf> {
    let entries = fs::read(format!("/proc/{pid}/auxv")).ok()?;
    let (entries, _) = entries.as_chunks::<16>();
    let address = entries.iter().find_map(|entry| {
        let (kind, value) = entry.split_at(8);
        let word = |bytes: &[u8]| bytes.try_into().map(u64::from_ne_bytes).ok();
        (word(kind) == Some(libc::AT_EXECFN)).then(|| word(value)).flatten()
    })?;
    let name = calls::read_path(pid, address)?;
    if name.is_absolute() {
        return Some(calls::below_root(ledger, pid, &name));
    }
    Some(joined(&fs::read_link(format!("/proc/{pid}/cwd")).ok()?, &name))
}

/// The files that a process has mapped just after executing: the program and its loader.
fn mapped_files(pid: pid_t) -> Vec<PathBuf> {
    let maps = fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
    let paths = maps.split(|byte| *byte == b'\n').filter_map(|line| {
        let start = line.iter().position(|byte| *byte == b'/')?;
        Some(Path::new(OsStr::from_bytes(&line[start..])).to_owned())
    });
    let mut paths: Vec<_> = paths.collect();
    paths.dedup();
    paths
}
