//! The system calls that have no safe wrapper: fork, ptrace, the seccomp filter, signals.
//!
//! The only unsafe code of the crate. Nothing here decides anything: each function is one system call with its arguments in
//! types, or the child's side of a fork, which may only make calls that are safe between fork and exec.
#![allow(unsafe_code, reason = "the operating system's interface; every block says why it is sound")]

use std::{
    ffi::CStr,
    io,
    os::fd::{AsRawFd, BorrowedFd},
    sync::atomic::{AtomicI32, Ordering},
};

use libc::{c_int, pid_t};

/// The process that signals are passed on to; 0 for none.
static CHILD: AtomicI32 = AtomicI32::new(0);

/// A signal that came before there was a child; 0 for none.
static EARLY: AtomicI32 = AtomicI32::new(0);

/// Passes signals that ask this process to end on to a child, until it is dropped.
///
/// A signal that the terminal sends reaches the child by itself, so only those sent by a process are passed on. Either way
/// this process goes on, to make the record.
#[derive(Debug)]
pub(super) struct Forwarding {
    before: Vec<(c_int, libc::sigaction)>,
}

impl Forwarding {
    /// Installs the handlers, for the signals that are not ignored already (as under `nohup`).
    pub(super) fn install() -> Self {
        let mut before = Vec::new();
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
            // SAFETY: all-zero is a valid sigaction; both pointers are to live ones; the handler has the SA_SIGINFO shape
            // and makes only async-signal-safe calls.
            unsafe {
                let mut old: libc::sigaction = std::mem::zeroed();
                if libc::sigaction(signal, std::ptr::null(), &raw mut old) != 0 || old.sa_sigaction == libc::SIG_IGN {
                    continue;
                }
                let mut new: libc::sigaction = std::mem::zeroed();
                new.sa_sigaction = pass_on as *const () as libc::sighandler_t;
                new.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
                libc::sigemptyset(&raw mut new.sa_mask);
                if libc::sigaction(signal, &raw const new, std::ptr::null_mut()) == 0 {
                    before.push((signal, old));
                }
            }
        }
        Self { before }
    }

    /// Names the child.
    pub(super) fn to(&self, child: pid_t) {
        CHILD.store(child, Ordering::SeqCst);
        let early = EARLY.swap(0, Ordering::SeqCst);
        if early != 0 {
            kill(child, early);
        }
    }

    /// Forgets the child, before its number can become another's.
    pub(super) fn to_nobody(&self) {
        CHILD.store(0, Ordering::SeqCst);
    }
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        self.to_nobody();
        EARLY.store(0, Ordering::SeqCst);
        for (signal, old) in &self.before {
            // SAFETY: restores an action that the system gave out for this signal.
            unsafe { libc::sigaction(*signal, old, std::ptr::null_mut()) };
        }
    }
}

extern "C" fn pass_on(signal: c_int, info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
    // SAFETY: the system passes a valid siginfo to an SA_SIGINFO handler.
    let sent_by_a_process = unsafe { (*info).si_code <= 0 };
    if !sent_by_a_process {
        return;
    }
    match CHILD.load(Ordering::SeqCst) {
        0 => EARLY.store(signal, Ordering::SeqCst),
        child => {
            let errno = io::Error::last_os_error().raw_os_error().unwrap_or(0);
            kill(child, signal);
            // The interrupted code may be about to look at its own.
            set_errno(errno);
        }
    }
}

/// Sends a signal; a process that is gone is no error. Async-signal-safe.
pub(super) fn kill(process: pid_t, signal: c_int) {
    // SAFETY: takes two numbers and touches no memory.
    unsafe { libc::kill(process, signal) };
}

/// Lets reads from a descriptor return at once when there is nothing.
pub(super) fn set_nonblocking(descriptor: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: takes numbers and touches no memory; the descriptor is open, by its type.
    let set = unsafe {
        let flags = libc::fcntl(descriptor.as_raw_fd(), libc::F_GETFL);
        flags >= 0 && libc::fcntl(descriptor.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK) >= 0
    };
    if set { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Waits until a descriptor has something to read, or its end.
pub(super) fn wait_readable(descriptor: BorrowedFd<'_>) -> io::Result<()> {
    let mut poll = libc::pollfd { fd: descriptor.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    loop {
        // SAFETY: one live pollfd, as the count says.
        if unsafe { libc::poll(&raw mut poll, 1, -1) } >= 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Sets the time of modification of a symbolic link itself.
pub fn set_link_time(link: &CStr, seconds: i64, nanoseconds: i64) -> io::Result<()> {
    let now = libc::timespec { tv_sec: 0, tv_nsec: libc::UTIME_OMIT };
    let modified = libc::timespec { tv_sec: seconds as libc::time_t, tv_nsec: nanoseconds as libc::c_long };
    let times = [now, modified];
    // SAFETY: the path ends with a zero byte by its type, and there are two times.
    let set = unsafe { libc::utimensat(libc::AT_FDCWD, link.as_ptr(), times.as_ptr(), libc::AT_SYMLINK_NOFOLLOW) };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Makes a named pipe.
pub fn make_pipe(path: &CStr, mode: u32) -> io::Result<()> {
    // SAFETY: the path ends with a zero byte by its type.
    if unsafe { libc::mkfifo(path.as_ptr(), mode as libc::mode_t) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn set_errno(errno: c_int) {
    // SAFETY: the C library gives the address of this thread's errno.
    unsafe {
        #[cfg(any(target_os = "linux", target_os = "emscripten"))]
        {
            *libc::__errno_location() = errno;
        }
        #[cfg(any(target_os = "macos", target_os = "ios", target_os = "freebsd"))]
        {
            *libc::__error() = errno;
        }
    }
}

/// Whether a child gets open files from this process besides the three standard streams, and can read from one. What the standard
/// library opens stays here.
pub(super) fn inherits_readable() -> bool {
    let descriptors = std::fs::read_dir("/proc/self/fdinfo").into_iter().flatten().flatten();
    descriptors.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).filter(|number| *number > 2).any(
        |number| {
            // Shells keep it for themselves.
            let is_null =
                std::fs::read_link(format!("/proc/self/fd/{number}")).is_ok_and(|link| link.as_os_str() == "/dev/null");
            let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).map(str::trim);
            let flags = flags.and_then(|flags| c_int::from_str_radix(flags, 8).ok()).unwrap_or(libc::O_CLOEXEC);
            !is_null && flags & (libc::O_CLOEXEC | O_PATH) == 0 && flags & libc::O_ACCMODE != libc::O_WRONLY
        },
    )
}

#[cfg(target_os = "linux")]
const O_PATH: c_int = libc::O_PATH;
#[cfg(not(target_os = "linux"))]
const O_PATH: c_int = 0;

#[cfg(target_os = "linux")]
pub(super) use linux::*;

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        ffi::{CStr, CString},
        io::{self, Read, Write},
        os::{
            fd::{AsRawFd, BorrowedFd, RawFd},
            unix::fs::FileExt,
        },
        ptr,
    };

    use libc::{c_int, c_long, c_uint, c_ulong, c_void, pid_t, sock_filter};

    /// What a child executes, and with what. Built before the fork, because nothing may be allocated after it.
    pub(crate) struct Launch<'a> {
        pub(crate) executable: &'a CStr,
        pub(crate) argv: &'a [CString],
        pub(crate) environment: &'a [CString],
        pub(crate) working_dir: &'a CStr,
        pub(crate) stdout: BorrowedFd<'a>,
        pub(crate) stderr: BorrowedFd<'a>,
        pub(crate) filter: &'a [sock_filter],
    }

    /// A child that waits for [`go`](Self::go), and then executes.
    pub(crate) struct Child {
        pub(crate) pid: pid_t,
        go: io::PipeWriter,
        trouble: io::PipeReader,
    }

    impl Child {
        /// Lets the child execute.
        pub(crate) fn go(&mut self) -> io::Result<()> {
            self.go.write_all(&[1])
        }

        /// What kept the child from executing; asked when it has ended or executed.
        pub(crate) fn trouble(&mut self) -> Option<(Step, io::Error)> {
            let mut report = [0; 5];
            self.trouble.read_exact(&mut report).ok()?;
            let [step, errno @ ..] = report;
            let step = Step::ALL.into_iter().find(|known| *known as u8 == step)?;
            Some((step, io::Error::from_raw_os_error(i32::from_ne_bytes(errno))))
        }
    }

    /// Steps of the child between fork and exec.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[repr(u8)]
    pub(crate) enum Step {
        Streams = 1,
        WorkingDir,
        Filter,
        Execute,
    }

    impl Step {
        const ALL: [Self; 4] = [Self::Streams, Self::WorkingDir, Self::Filter, Self::Execute];
    }

    /// Forks a child that waits.
    pub(crate) fn fork(launch: &Launch<'_>) -> io::Result<Child> {
        let (wait, go) = io::pipe()?;
        let (trouble, report) = io::pipe()?;
        let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
            strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
        };
        let argv = pointers(launch.argv);
        let environment = pointers(launch.environment);
        // SAFETY: the child only runs `become_program`, which keeps to async-signal-safe calls.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                let (wait, go) = (wait.as_raw_fd(), go.as_raw_fd());
                // SAFETY: this is the child of a fork, and both lists end with a null pointer and outlive the call.
                unsafe { become_program(launch, &argv, &environment, [wait, go], report.as_raw_fd()) }
            }
            pid => Ok(Child { pid, go, trouble }),
        }
    }

    /// The child's side.
    ///
    /// # Safety
    /// Called in the child of a fork, with lists of C strings that end with a null pointer. Other threads of the parent may
    /// have held any lock at the fork: only async-signal-safe calls, no allocation, no panic.
    unsafe fn become_program(
        launch: &Launch<'_>,
        argv: &[*const libc::c_char],
        environment: &[*const libc::c_char],
        [wait, go]: [RawFd; 2],
        report: RawFd,
    ) -> ! {
        // SAFETY: all pointers are to live memory of the right type, by the caller's promise or borrowed just here.
        unsafe {
            let fail = |step: Step| -> ! {
                let errno = (*libc::__errno_location()).to_ne_bytes();
                let report_bytes = [step as u8, errno[0], errno[1], errno[2], errno[3]];
                libc::write(report, report_bytes.as_ptr().cast(), report_bytes.len());
                libc::_exit(127)
            };
            // The parent holds the other end alone, so that its death is seen.
            libc::close(go);
            let mut byte = 0_u8;
            if libc::read(wait, (&raw mut byte).cast(), 1) != 1 {
                libc::_exit(127);
            }
            // As the standard library does: Rust programs ignore SIGPIPE, others expect it to be fatal.
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut none);
            libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            // The standard library keeps descriptors 0 to 2 open from the start, so that no pipe has one of these numbers.
            if libc::dup2(launch.stdout.as_raw_fd(), 1) < 0 || libc::dup2(launch.stderr.as_raw_fd(), 2) < 0 {
                fail(Step::Streams);
            }
            if libc::chdir(launch.working_dir.as_ptr()) != 0 {
                fail(Step::WorkingDir);
            }
            if !install(launch.filter) {
                fail(Step::Filter);
            }
            libc::execve(launch.executable.as_ptr(), argv.as_ptr(), environment.as_ptr());
            fail(Step::Execute)
        }
    }

    /// Installs the filter in this thread; without the privilege for it, by giving up new privileges for good.
    fn install(filter: &[sock_filter]) -> bool {
        let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
        // SAFETY: the program points to a live filter, which the system only reads; the other arguments are numbers.
        unsafe {
            let set = || {
                libc::syscall(
                    libc::SYS_seccomp,
                    libc::SECCOMP_SET_MODE_FILTER,
                    libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                    &raw const program,
                ) == 0
            };
            set() || (libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && set())
        }
    }

    /// Attaches to a process without stopping it, as its tracer.
    pub(crate) fn seize(pid: pid_t, options: c_int) -> io::Result<()> {
        ptrace(libc::PTRACE_SEIZE, pid, 0, options as c_ulong).map(drop)
    }

    /// Lets a stopped thread go on until its next event, with a signal or 0.
    pub(crate) fn resume(tid: pid_t, signal: c_int) {
        let _ = ptrace(libc::PTRACE_CONT, tid, 0, signal as c_ulong);
    }

    /// Lets a stopped thread go on until the end of its system call.
    pub(crate) fn resume_to_exit(tid: pid_t) {
        let _ = ptrace(libc::PTRACE_SYSCALL, tid, 0, 0);
    }

    /// Makes a thread that runs stop as soon as it can.
    pub(crate) fn interrupt(tid: pid_t) {
        let _ = ptrace(libc::PTRACE_INTERRUPT, tid, 0, 0);
    }

    /// Gives a stopped thread up, and lets it go on with a signal or 0.
    ///
    /// # Errors
    /// When it is not stopped.
    pub(crate) fn detach(tid: pid_t, signal: c_int) -> io::Result<()> {
        ptrace(libc::PTRACE_DETACH, tid, 0, signal as c_ulong).map(drop)
    }

    /// Sends a signal to a thread; one that is gone is no error.
    pub(crate) fn signal_thread(tid: pid_t, signal: c_int) {
        // SAFETY: takes two numbers and touches no memory.
        unsafe { libc::syscall(libc::SYS_tkill, c_long::from(tid), c_long::from(signal)) };
    }

    /// Whether two threads have the same memory.
    pub(crate) fn share_memory(one: pid_t, other: pid_t) -> bool {
        const KCMP_VM: c_long = 1;
        // SAFETY: takes numbers and touches no memory.
        unsafe { libc::syscall(libc::SYS_kcmp, c_long::from(one), c_long::from(other), KCMP_VM, 0, 0) == 0 }
    }

    /// Changes the first argument of the call that a thread is stopped before. Says whether it did.
    pub(crate) fn set_first_argument(tid: pid_t, value: u64) -> bool {
        registers(tid, |registers| registers[FIRST_ARGUMENT] = value)
    }

    /// Keeps the call that a thread is stopped before from being made, and answers 0 in its place. Says whether it did.
    pub(crate) fn answer_zero(tid: pid_t) -> bool {
        CALL_NUMBER.is_some_and(|number| {
            registers(tid, |registers| {
                registers[number] = u64::MAX;
                registers[RETURN_VALUE] = 0;
            })
        })
    }

    /// Changes the registers of a stopped thread. Says whether it did.
    fn registers(tid: pid_t, change: impl FnOnce(&mut [u64; REGISTERS])) -> bool {
        let mut registers = [0_u64; REGISTERS];
        let mut vector = libc::iovec { iov_base: registers.as_mut_ptr().cast(), iov_len: size_of_val(&registers) };
        let of_call = libc::NT_PRSTATUS as c_ulong;
        if ptrace(libc::PTRACE_GETREGSET, tid, of_call, (&raw mut vector) as c_ulong).is_err() {
            return false;
        }
        // As many as there are.
        let read = vector.iov_len;
        change(&mut registers);
        let mut vector = libc::iovec { iov_base: registers.as_mut_ptr().cast(), iov_len: read };
        ptrace(libc::PTRACE_SETREGSET, tid, of_call, (&raw mut vector) as c_ulong).is_ok()
    }

    /// More words than any register set of calls has.
    const REGISTERS: usize = 64;

    // Places in the register set: `struct user_regs_struct`, or the general registers in order.
    #[cfg(target_arch = "x86_64")]
    const FIRST_ARGUMENT: usize = 14;
    #[cfg(target_arch = "x86_64")]
    const RETURN_VALUE: usize = 10;
    #[cfg(target_arch = "x86_64")]
    const CALL_NUMBER: Option<usize> = Some(15);
    #[cfg(target_arch = "aarch64")]
    const FIRST_ARGUMENT: usize = 0;
    #[cfg(target_arch = "riscv64")]
    const FIRST_ARGUMENT: usize = 10;
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
    const FIRST_ARGUMENT: usize = 0;
    // Elsewhere the number of the call is in another set.
    #[cfg(not(target_arch = "x86_64"))]
    const RETURN_VALUE: usize = FIRST_ARGUMENT;
    #[cfg(not(target_arch = "x86_64"))]
    const CALL_NUMBER: Option<usize> = None;

    /// Leaves a thread in its group stop, and lets it hear of the end of it.
    pub(crate) fn keep_stopped(tid: pid_t) {
        let _ = ptrace(libc::PTRACE_LISTEN, tid, 0, 0);
    }

    /// The message of the event that a thread is stopped for.
    pub(crate) fn event_message(tid: pid_t) -> Option<u64> {
        let mut message: c_ulong = 0;
        ptrace(libc::PTRACE_GETEVENTMSG, tid, 0, (&raw mut message) as c_ulong).ok()?;
        Some(message)
    }

    /// The system call that a thread is stopped at.
    #[derive(Clone, Copy, Debug)]
    pub(crate) enum Call {
        /// Before it, by the filter.
        Filtered {
            /// Number of the call.
            number: u64,
            /// Its arguments.
            args: [u64; 6],
            /// What the filter said about it.
            data: u32,
        },
        /// After it.
        Done {
            /// What it returned: an errno, negative, when it failed.
            value: i64,
        },
    }

    /// Layout of `struct ptrace_syscall_info`, as far as it is read here.
    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    struct SyscallInfo {
        op: u8,
        pad: [u8; 3],
        arch: u32,
        instruction_pointer: u64,
        stack_pointer: u64,
        /// seccomp: number, six arguments, data; exit: value, is_error.
        body: [u64; 8],
    }

    /// The system call that a thread is stopped at.
    pub(crate) fn call(tid: pid_t) -> Option<Call> {
        let mut info = SyscallInfo::default();
        ptrace(GET_SYSCALL_INFO, tid, size_of::<SyscallInfo>() as c_ulong, (&raw mut info) as c_ulong).ok()?;
        let [number, args @ .., data] = info.body;
        match info.op {
            INFO_SECCOMP => Some(Call::Filtered { number, args, data: data as u32 }),
            INFO_EXIT => Some(Call::Done { value: number.cast_signed() }),
            _ => None,
        }
    }

    const GET_SYSCALL_INFO: c_uint = 0x420e;
    const INFO_EXIT: u8 = 2;
    const INFO_SECCOMP: u8 = 3;

    fn ptrace(request: c_uint, tid: pid_t, address: c_ulong, data: c_ulong) -> io::Result<c_long> {
        // SAFETY: every request used here either takes numbers, or reads or writes at `data` no more than the type behind it
        // holds: one c_ulong for the event message, `address` bytes for the call's description, an iovec of registers.
        match unsafe { libc::syscall(libc::SYS_ptrace, c_long::from(request), c_long::from(tid), address, data) } {
            -1 => Err(io::Error::last_os_error()),
            value => Ok(value),
        }
    }

    /// Waits for an event of a child or traced thread of this thread.
    ///
    /// `Ok(None)` when none is there and `block` is false. An error of kind `NotFound` when there is nobody left.
    pub(crate) fn wait(block: bool) -> io::Result<Option<(pid_t, c_int)>> {
        wait_for(-1, block)
    }

    /// As [`wait`], for an event of one thread; -1 stands for all.
    pub(crate) fn wait_for(tid: pid_t, block: bool) -> io::Result<Option<(pid_t, c_int)>> {
        // Other threads' children are theirs: the caller may run other processes.
        let flags = libc::__WALL | libc::__WNOTHREAD | if block { 0 } else { libc::WNOHANG };
        let mut status = 0;
        loop {
            // SAFETY: the system writes one c_int.
            match unsafe { libc::waitpid(tid, &raw mut status, flags) } {
                0 => return Ok(None),
                -1 => match io::Error::last_os_error() {
                    error if error.kind() == io::ErrorKind::Interrupted => {}
                    error if error.raw_os_error() == Some(libc::ECHILD) => return Err(io::ErrorKind::NotFound.into()),
                    error => return Err(error),
                },
                tid => return Ok(Some((tid, status))),
            }
        }
    }

    /// Reads memory of another process; fewer bytes when the rest is not there.
    pub(crate) fn read_memory(tid: pid_t, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        let remote =
            libc::iovec { iov_base: ptr::without_provenance_mut::<c_void>(address as usize), iov_len: buffer.len() };
        // SAFETY: the local vector is the buffer; the remote address is only looked up in the other process.
        match unsafe { libc::process_vm_readv(tid, &raw const local, 1, &raw const remote, 1, 0) } {
            -1 => match io::Error::last_os_error() {
                // Some containers forbid the call and leave the file.
                error if matches!(error.raw_os_error(), Some(libc::EPERM | libc::ENOSYS)) => {
                    std::fs::File::open(format!("/proc/{tid}/mem"))?.read_at(buffer, address)
                }
                error => Err(error),
            },
            read => Ok(read.cast_unsigned()),
        }
    }
}
