//! A signal to this process reaches the child, and the record is made. One test: handlers are process-wide.

use capseal_recorder::testing::Folder;
use capseal_recorder::{CaptureChoice, Exit, Request};

#[test]
fn a_signal_to_end_is_passed_on_and_the_record_made() {
    let folder = Folder::new();
    for capture in [CaptureChoice::Observed, CaptureChoice::Declared] {
        for (signal, number) in [("TERM", 15), ("INT", 2), ("HUP", 1)] {
            if is_ignored(number) {
                continue;
            }
            let script = format!("echo before; kill -{signal} $PPID; exec sleep 20");
            let request = Request { capture, forward_signals: true, ..folder.command(&["sh", "-c", &script]) };
            let record = folder.run(&request);
            assert_eq!((record.exit, folder.stdout(&record).as_str()), (Exit::Signal(number), "before\n"));
        }
        let trapped = "trap 'echo caught; exit 4' TERM; kill -TERM $PPID; while :; do sleep 0.1; done";
        let request = Request { capture, forward_signals: true, ..folder.command(&["sh", "-c", trapped]) };
        let record = folder.run(&request);
        assert_eq!((record.exit, folder.stdout(&record).as_str()), (Exit::Code(4), "caught\n"));
    }
}

/// Whether this process was started with the signal ignored (as `nohup` does for HUP): its children ignore it too.
fn is_ignored(signal: u8) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a mask of signals");
    u64::from_str_radix(mask.trim(), 16).expect("hexadecimal") >> (signal - 1) & 1 == 1
}
