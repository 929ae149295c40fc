//! What this process has used so far: processor time and memory, as the kernel counts them.
//!
//! `None` where there is no `/proc`.

use std::fs;
use std::time::Duration;

/// Processor time of all threads, those that ended included. The kernel counts in hundredths of a second.
pub fn cpu_time() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The command's name, in parentheses, may contain anything; user and system time are fields 14 and 15.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks()? + ticks()?) * 10))
}

/// Forgets the peak so far. Where that is not allowed, [`peak_memory`] counts from the start of the process.
pub fn reset_peak_memory() {
    // A kernel that refuses leaves a higher peak: the figure then errs to the safe side.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// Resident memory now.
///
/// # Units
/// Bytes.
pub fn memory() -> Option<u64> {
    status("VmRSS:")
}

/// Peak of resident memory.
///
/// # Units
/// Bytes.
pub fn peak_memory() -> Option<u64> {
    status("VmHWM:")
}

fn status(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_kernel_is_understood() {
        assert!(cpu_time().is_some());
        assert!(peak_memory().is_some_and(|peak| peak > 1 << 16));
    }
}
