//! Figures of the server itself.

use std::{
    path::Path,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::http::StatusCode;

use crate::http::Exposition;
use capseal_host::clock;

/// Bounds of the histogram of times, in milliseconds.
const BOUNDS: [u64; 12] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000, 15_000];

/// Answers: by class of status, and by how long they took until their head was there.
#[derive(Debug, Default)]
pub(super) struct Answers {
    in_flight: AtomicU64,
    /// 2xx to 5xx.
    classes: [AtomicU64; 4],
    bytes: AtomicU64,
    /// Those within each bound and above the one before; the last above all.
    times: [AtomicU64; BOUNDS.len() + 1],
    sum_us: AtomicU64,
}

/// A request that is answered. It counts as long as it is there.
pub(super) struct Answering<'a>(&'a Answers);

impl Answers {
    pub(super) fn begin(&self) -> Answering<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Answering(self)
    }

    pub(super) fn figures(&self, text: &mut Exposition) {
        let get = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        text.one("capseal_in_flight", "gauge", "Requests that are worked on.", get(&self.in_flight));
        text.family("capseal_answers_total", "counter", "Answers by class of status.");
        for (class, count) in ["2xx", "3xx", "4xx", "5xx"].iter().zip(&self.classes) {
            text.sample("capseal_answers_total", &format!("class=\"{class}\""), get(count));
        }
        text.one("capseal_bytes_total", "counter", "Bytes of the bodies that were answered with.", get(&self.bytes));
        let name = "capseal_answer_seconds";
        text.family(name, "histogram", "Time until the head of an answer was there.");
        let mut count = 0;
        for (bound, within) in BOUNDS.iter().zip(&self.times) {
            count += get(within);
            text.sample(&format!("{name}_bucket"), &format!("le=\"{}\"", *bound as f64 / 1e3), count);
        }
        count += get(&self.times[BOUNDS.len()]);
        text.sample(&format!("{name}_bucket"), "le=\"+Inf\"", count)
            .sample(&format!("{name}_sum"), "", get(&self.sum_us) as f64 / 1e6)
            .sample(&format!("{name}_count"), "", count);
    }
}

impl Answering<'_> {
    pub(super) fn end(self, status: StatusCode, bytes: u64, took: Duration) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(2).min(3);
        self.0.classes[class].fetch_add(1, Ordering::Relaxed);
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let within = BOUNDS.partition_point(|bound| bound * 1000 < us);
        self.0.times[within].fetch_add(1, Ordering::Relaxed);
        self.0.sum_us.fetch_add(us, Ordering::Relaxed);
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

static START: LazyLock<u64> = LazyLock::new(|| clock::now() / 1000);

/// Notes when the server was started.
pub(super) fn note_start() {
    LazyLock::force(&START);
}

/// What runs since when, and how much room its disk has.
pub(super) fn server_figures(text: &mut Exposition, folder: &Path) {
    let build = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
    text.family("capseal_build_info", "gauge", "The version.").sample("capseal_build_info", &build, 1);
    text.one("capseal_start_seconds", "gauge", "When the server was started.", *START);
    if let Ok(disk) = rustix::fs::statvfs(folder) {
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        text.one("capseal_disk_free_bytes", "gauge", "Room on the disk of the folder.", free);
    }
    if let Some(memory) = capseal_host::usage::memory() {
        text.one("capseal_resident_bytes", "gauge", "Memory of the process.", memory);
    }
}
