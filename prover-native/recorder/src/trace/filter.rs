//! The filter that picks the system calls to stop at: those that open, name or cut files. All others run at full speed.
//!
//! A classic BPF program over the call's number and architecture. It never refuses a call.

use libc::{c_long, c_uint, sock_filter};

/// What the filter says of a call that it picked by number.
pub(super) const PICKED: u32 = 1;
/// What the filter says of a call by the rules of another architecture, whose numbers mean something else.
pub(super) const FOREIGN: u32 = 2;

/// Calls on standard streams that are picked besides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Streams {
    /// Reading from standard input, where its content is not kept.
    pub(super) input: bool,
    /// Writing to standard output and error, where both go to one place and their order shows.
    pub(super) outputs: bool,
}

/// Builds the filter; `None` on an architecture that it does not know.
pub(super) fn filter(streams: Streams) -> Option<Vec<sock_filter>> {
    let picked = CALLS.iter().flat_map(|number| {
        [statement(JUMP_IF_EQUAL, *number as u32, 0, 1), statement(RETURN, libc::SECCOMP_RET_TRACE | PICKED, 0, 0)]
    });
    let mut program = vec![
        statement(LOAD, ARCHITECTURE, 0, 0),
        statement(JUMP_IF_EQUAL, NATIVE?, 1, 0),
        statement(RETURN, libc::SECCOMP_RET_TRACE | FOREIGN, 0, 0),
        statement(LOAD, NUMBER, 0, 0),
        statement(JUMP_IF_NOT_LESS, FOREIGN_FROM, 0, 1),
        statement(RETURN, libc::SECCOMP_RET_TRACE | FOREIGN, 0, 0),
    ];
    if streams.input {
        program.extend(READING.iter().flat_map(|number| on_descriptors(*number, [0, 0])));
    }
    if streams.outputs {
        program.extend(WRITING.iter().flat_map(|number| on_descriptors(*number, [1, 2])));
    }
    program.extend(picked);
    // A process that is started out of our sight could not make a picked call at all; one with file systems of its own has other
    // names for files.
    program.extend([
        statement(JUMP_IF_EQUAL, libc::SYS_clone as u32, 0, 3),
        statement(LOAD, FLAGS_OF_CLONE, 0, 0),
        statement(JUMP_IF_ANY, (libc::CLONE_UNTRACED | libc::CLONE_NEWNS) as u32, 0, 1),
        statement(RETURN, libc::SECCOMP_RET_TRACE | PICKED, 0, 0),
    ]);
    program.push(statement(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0));
    Some(program)
}

const fn statement(code: c_uint, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: code as u16, jt, jf, k }
}

/// Picks a call by its number and, in its first argument, either of two descriptors.
fn on_descriptors(number: c_long, [one, other]: [u32; 2]) -> [sock_filter; 6] {
    [
        statement(JUMP_IF_EQUAL, number as u32, 0, 5),
        statement(LOAD, FIRST_ARGUMENT, 0, 0),
        statement(JUMP_IF_EQUAL, one, 1, 0),
        statement(JUMP_IF_EQUAL, other, 0, 1),
        statement(RETURN, libc::SECCOMP_RET_TRACE | PICKED, 0, 0),
        statement(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0),
    ]
}

/// The calls that read from a descriptor.
const READING: &[c_long] = &[libc::SYS_read, libc::SYS_readv, libc::SYS_splice, libc::SYS_recvfrom, libc::SYS_recvmsg];
/// The calls that write to a descriptor.
const WRITING: &[c_long] = &[libc::SYS_write, libc::SYS_writev];

/// The calls that are picked.
const CALLS: &[c_long] = &[
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_creat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rename,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_link,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_symlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mkdir,
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    libc::SYS_renameat,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_open_by_handle_at,
    libc::SYS_truncate,
    libc::SYS_renameat2,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_mkdirat,
    libc::SYS_ptrace,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_chroot,
    libc::SYS_pivot_root,
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_shmget,
    libc::SYS_msgget,
    libc::SYS_io_uring_setup,
];

/// The audit number of the architecture that this program is built for.
const NATIVE: Option<u32> = if cfg!(target_arch = "x86_64") {
    Some(0xc000_003e)
} else if cfg!(target_arch = "aarch64") {
    Some(0xc000_00b7)
} else if cfg!(target_arch = "riscv64") {
    Some(0xc000_00f3)
} else {
    None
};

/// On x86-64, numbers with this bit are of the x32 kind.
const FOREIGN_FROM: u32 = 0x4000_0000;

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
/// Its lower half, on the little-endian machines that there are here.
const FIRST_ARGUMENT: u32 = 16;

/// The lower half of the first argument, on machines that store it first.
const FLAGS_OF_CLONE: u32 = 16;

const JUMP_IF_ANY: c_uint = libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K;
const LOAD: c_uint = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const JUMP_IF_EQUAL: c_uint = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const JUMP_IF_NOT_LESS: c_uint = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;
const RETURN: c_uint = libc::BPF_RET | libc::BPF_K;
