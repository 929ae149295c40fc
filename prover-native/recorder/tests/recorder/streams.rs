//! Output streams: live, binary safe, and never in memory whole. One test, because it looks at this process's memory.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use capseal_recorder::testing::{Folder, artifact, file};
use capseal_recorder::{CaptureChoice, Exit, Observer, Role, Stream};

const SIZE: usize = 50 << 20;

#[derive(Default)]
struct Counting([AtomicU64; 2]);

impl Observer for Counting {
    fn output(&self, stream: Stream, bytes: &[u8]) -> std::io::Result<()> {
        self.0[usize::from(stream == Stream::Stderr)].fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn large_binary_output_streams_through_in_bounded_memory() {
    let script = format!(
        "
import sys
block = bytes(range(256)) * 256
for i in range({SIZE} // len(block)): sys.stdout.buffer.write(block)
sys.stderr.buffer.write(b'\\xff\\x00 not text')
open('big', 'wb').write(block * 1024)
open('big', 'rb').read(1)
"
    );
    let block: Vec<u8> = (0..=255).cycle().take(256 * 256).collect();
    let expected = artifact(block.repeat(SIZE / block.len()));
    let big = artifact(block.repeat(1024));
    for capture in [CaptureChoice::Observed, CaptureChoice::Declared] {
        let folder = Folder::new();
        folder.file("big.py", &script);
        let mut request = folder.script("big.py", &[]);
        request.capture = capture;
        request.outputs = vec!["big".into()];
        let counting = Arc::new(Counting::default());
        let before = reset_peak();
        let record = folder.run_with(&request, counting.clone()).unwrap();
        let grown = peak().saturating_sub(before);
        assert_eq!((record.exit, record.stdout), (Exit::Code(0), expected));
        assert_eq!(record.stderr, artifact(b"\xff\x00 not text"));
        assert_eq!(file(&record, Role::Output, "big").content, big);
        assert_eq!(counting.0[0].load(Ordering::Relaxed), SIZE as u64);
        assert_eq!(counting.0[1].load(Ordering::Relaxed), record.stderr.size);
        assert!(grown < 24 << 10, "{grown} KiB more than before");
    }
}

/// Sets the peak of this process's memory back to what it has now, in KiB.
fn reset_peak() -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    peak()
}

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
