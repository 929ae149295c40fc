//! Archives of three sizes, from encoding to an audit: what they cost their maker, their provider and whoever samples them.

use std::{
    fmt,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use verifier_core::{
    VerifyOptions,
    row_check::RowCheckHeader,
    sampling::{answer_len, samples_for},
    verify::Samples,
};

use capseal_archive::{
    bundle::Bundle,
    commit::{encode, shape_for},
};
use capseal_host::usage::{cpu_time, peak_memory, reset_peak_memory};
use capseal_host::{artifacts::ArtifactStore, whole_file::Existing};
use capseal_network::{
    audit::{Audit, audit},
    http::{Bounds, Client},
    provider::{Folder, export},
    serve::Server,
};
use capseal_recorder as run;
use capseal_recorder::{CaptureChoice, Program, Request, Silent};
use capseal_sealing as seal;
use capseal_sealing::{ArchivePlace, Destination};

/// Sizes, and how often each is encoded.
const SIZES: [(u64, usize); 3] = [(1_000_000, 11), (100_000_000, 3), (1_000_000_000, 1)];

/// Audits, of which the median counts.
const AUDITS: usize = 5;

/// What came of it.
#[derive(Clone, Debug)]
pub struct ArchiveFigures {
    /// A line each size.
    pub sizes: Vec<ArchiveFigure>,
}

/// One archive.
#[derive(Clone, Copy, Debug)]
pub struct ArchiveFigure {
    /// The header of its encoding.
    pub header: RowCheckHeader,
    /// Encoding, from the file to root, header and sketch: the median.
    pub encoding: Duration,
    /// Processor time of the last encoding; `None` where the system does not tell.
    pub processor: Option<Duration>,
    /// Peak of resident memory while encoding, bytes.
    pub peak_memory: Option<u64>,
    /// Rows of an audit at [`Samples::DEFAULT_BITS`].
    pub samples: u32,
    /// An audit over loopback, verdict included: the median.
    pub audit: Duration,
}

/// Measures the sizes. Takes some minutes, and room for ten times the largest of them.
///
/// # Errors
/// When the disk does not take it.
pub fn archive() -> Result<ArchiveFigures, Box<dyn std::error::Error>> {
    let sizes = SIZES.iter().map(|(bytes, runs)| figure(*bytes, *runs)).collect::<Result<_, _>>()?;
    Ok(ArchiveFigures { sizes })
}

fn figure(bytes: u64, runs: usize) -> Result<ArchiveFigure, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let content = folder.path().join("content");
    make_up(bytes, &content)?;
    let shape = shape_for(bytes)?;
    reset_peak_memory();
    let mut times = Vec::with_capacity(runs);
    let mut processor = None;
    for _ in 0..runs {
        let (start, before) = (Instant::now(), cpu_time());
        encode(File::open(&content)?, shape, None)?;
        times.push(start.elapsed());
        processor = before.zip(cpu_time()).and_then(|(before, after)| after.checked_sub(before));
    }
    let peak_memory = peak_memory();
    let (receipt, header) = provided(&content, folder.path())?;
    let server = Server::start(([127, 0, 0, 1], 0).into(), Folder::at(&folder.path().join("www")))?;
    let client = [Client::new(&format!("http://{}", server.address()), Bounds::DEFAULT)?];
    let audits = (0..AUDITS).map(|_| audited(&receipt, &client)).collect::<Result<_, _>>()?;
    server.stop()?;
    Ok(ArchiveFigure {
        header,
        encoding: median(times),
        processor,
        peak_memory,
        samples: samples_for(header.shape(), Samples::DEFAULT_BITS),
        audit: median(audits),
    })
}

/// Bytes that do not repeat.
fn make_up(bytes: u64, path: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for number in 0..bytes / 8 {
        file.write_all(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes())?;
    }
    file.write_all(&[0; 8][..usize::try_from(bytes % 8).unwrap_or_default()])?;
    file.flush()
}

/// A receipt with that input, whose archive a provider's folder has.
fn provided(content: &Path, folder: &Path) -> Result<(Vec<u8>, RowCheckHeader), Box<dyn std::error::Error>> {
    let store = ArtifactStore::beside(&folder.join("run.cap"))?;
    let mut request = Request::new(Program::Command(["true"].map(Into::into).to_vec()))?;
    request.capture = CaptureChoice::Declared;
    request.inputs = vec![content.to_owned()];
    let record = run::execute(&request, &store, Arc::new(Silent))?;
    let place = ArchivePlace { embed_limit: 0, detached: folder.join("archive"), existing: Existing::Keep };
    let destination = Destination { path: folder.join("run.cap"), existing: Existing::Keep };
    seal::process(&record, store, &place)?.write(&destination)?;
    let receipt = fs::read(&destination.path)?;
    let bundle = Bundle::open(&receipt, Some(&place.detached))?;
    export(&bundle, Some(&place.detached), &Folder::at(&folder.join("www")))?;
    let header = bundle.container().get(verifier_core::capsule::entry::ROW_CHECK_HEADER).unwrap_or_default();
    let header = RowCheckHeader::from_bytes(header)?;
    Ok((receipt, header))
}

/// One audit, from the receipt's bytes to an accepting verdict.
fn audited(receipt: &[u8], client: &[Client]) -> Result<Duration, Box<dyn std::error::Error>> {
    let start = Instant::now();
    let Audit { samples, .. } = audit(receipt, client, Samples::DEFAULT_BITS, &|_, _| {})?;
    let options = VerifyOptions { samples: Some(samples), at: Some(0), ..VerifyOptions::default() };
    let verdict = verifier_core::verify(receipt, &options);
    let took = start.elapsed();
    match verdict.refusal() {
        Some(refusal) => Err(refusal.into()),
        None => Ok(took),
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

impl ArchiveFigure {
    /// Bytes of all extended rows and their paths, as a folder has them.
    pub fn stored(&self) -> u64 {
        self.header.shape().extended_rows() * answer_len(&self.header) as u64
    }

    /// Bytes that an audit takes: sketch and header, which travel in the receipt, and the answers.
    pub fn downloaded(&self) -> u64 {
        let travelling = self.header.to_bytes().len() + self.header.shape().sketch_len();
        travelling as u64 + u64::from(self.samples) * answer_len(&self.header) as u64
    }
}

impl fmt::Display for ArchiveFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  goals: 100 MB in at most 6 s, 1 GB in at most 6 GiB; audits at {} bits", Samples::DEFAULT_BITS)?;
        writeln!(
            f,
            "  archive        K     W  n/K  encode s  CPU-s  peak MiB   stored MB  samples  download kB  audit ms"
        )?;
        for figure in &self.sizes {
            let shape = figure.header.shape();
            let optional = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
            writeln!(
                f,
                "  {:>7} {:>8} {:>5} {:>4} {:>9.2} {:>6} {:>9.0} {:>11.1} {:>8} {:>12.1} {:>9.0}",
                format!("{} MB", shape.byte_len() / 1_000_000),
                shape.rows(),
                shape.columns(),
                1 << shape.log_blowup(),
                figure.encoding.as_secs_f64(),
                optional(figure.processor.map(|time| time.as_secs_f64())),
                figure.peak_memory.unwrap_or_default() as f64 / f64::from(1 << 20),
                figure.stored() as f64 / 1e6,
                figure.samples,
                figure.downloaded() as f64 / 1e3,
                figure.audit.as_secs_f64() * 1e3,
            )?;
        }
        Ok(())
    }
}
