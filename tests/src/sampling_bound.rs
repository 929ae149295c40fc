//! The bound on samples, held against providers that lie: how often all samples pass when one row too few can be answered.
//!
//! Each provider answers for T - 1 of the n positions, the most that the bound speaks of. Nonces are numbers, so that every run counts the
//! same; whether a row passes is asked of the verifier once for each row, as it is a function of the row alone.

use std::fmt::Write as _;

use capseal_archive::commit::{RowStore, encode};
use rayon::prelude::*;
use verifier_core::{
    Digest,
    row_check::{Challenge, RowCheckHeader, RowCheckShape, Sketch, pack},
    sampling::{Seed, check_answer, positions},
    stc::{Tree, leaf},
};

/// Audits of each provider, shape and number of samples.
pub const AUDITS: u32 = 10_000;

/// Systematic rows of the archives.
const ROWS: u32 = 16;

/// Numbers of samples.
const SAMPLES: [u32; 6] = [1, 2, 3, 4, 6, 8];

/// How a provider comes to have one row too few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// It committed to the archive, and has lost rows.
    Withholds,
    /// It committed to rows of which some are noise.
    Corrupts,
    /// It committed to rows of two archives, agreeing in K - 1 rows, and sketches one of them.
    Equivocates,
}

impl Provider {
    const ALL: [Self; 3] = [Self::Withholds, Self::Corrupts, Self::Equivocates];

    const fn name(self) -> &'static str {
        match self {
            Self::Withholds => "withholds rows",
            Self::Corrupts => "committed to noise",
            Self::Equivocates => "committed to two archives",
        }
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Who was audited.
    pub provider: Provider,
    /// Rows of the code, n.
    pub rows: u64,
    /// n / K.
    pub inverse_rate: u64,
    /// Rows that pass: T - 1.
    pub good: u64,
    /// Samples of an audit, k.
    pub samples: u32,
    /// Audits of which all samples passed.
    pub passed: u32,
}

impl Line {
    /// C(T - 1, k) / C(n, k).
    pub fn bound(&self) -> f64 {
        (0..u64::from(self.samples))
            .map(|drawn| (self.good as f64 - drawn as f64) / (self.rows - drawn) as f64)
            .product()
    }

    /// ((1 + rho) / 2)^k.
    pub fn simple_bound(&self) -> f64 {
        ((1.0 + 1.0 / self.inverse_rate as f64) / 2.0).powi(self.samples as i32)
    }

    /// The share of audits that passed.
    pub fn rate(&self) -> f64 {
        f64::from(self.passed) / f64::from(AUDITS)
    }

    /// By how many standard deviations the share is above the bound.
    pub fn deviation(&self) -> f64 {
        let bound = self.bound();
        (self.rate() - bound) / (bound * (1.0 - bound) / f64::from(AUDITS)).sqrt()
    }
}

/// Audits every provider, at both rates.
pub fn lines() -> Vec<Line> {
    let cases: Vec<(Provider, u8, u32)> = Provider::ALL
        .into_iter()
        .flat_map(|provider| {
            [2, 1].into_iter().flat_map(move |blowup| SAMPLES.map(|samples| (provider, blowup, samples)))
        })
        .collect();
    cases.into_par_iter().map(|(provider, log_blowup, samples)| line(provider, log_blowup, samples)).collect()
}

fn line(provider: Provider, log_blowup: u8, samples: u32) -> Line {
    let cheat = Cheat::new(provider, log_blowup);
    let rows = cheat.passes.len() as u64;
    let good = cheat.passes.iter().filter(|passes| **passes).count() as u64;
    let passed = (0..AUDITS).filter(|audit| cheat.survives(*audit, samples)).count();
    Line {
        provider,
        rows,
        inverse_rate: 1 << log_blowup,
        good,
        samples,
        passed: u32::try_from(passed).expect("a count"),
    }
}

/// A provider, with what the verifier says of each row that it can answer with.
struct Cheat {
    da_hash: Digest,
    passes: Vec<bool>,
}

impl Cheat {
    fn new(provider: Provider, log_blowup: u8) -> Self {
        let first = Code::of(1, log_blowup);
        let rows = first.rows.len();
        // T - 1, with T = (n + K) / 2.
        let good = (rows + ROWS as usize) / 2 - 1;
        // Any set of that size will do; this one is spread over systematic rows and others.
        let spread = |index: usize| index * 7 % rows;
        let mut held = first.rows.clone();
        let mut answers = vec![true; rows];
        match provider {
            Provider::Withholds => (good..rows).for_each(|index| answers[spread(index)] = false),
            Provider::Corrupts => (good..rows).for_each(|index| held[spread(index)] = first.noise(index)),
            Provider::Equivocates => held = first.mixed_with_another(good),
        }
        let tree = Tree::build(RowCheckShape::ARITY, held.iter().map(|row| leaf(row)).collect());
        let header = RowCheckHeader::new(first.shape, tree.root(), Digest::of_content(b"an archive"));
        let challenge = Challenge::draw(&header);
        let elements =
            |row: &[u8]| row.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect::<Vec<_>>();
        let systematic = first.rows.iter().step_by(rows / ROWS as usize);
        let sketch: Vec<u8> = systematic.flat_map(|row| challenge.sketch(elements(row).into_iter())).collect();
        let sketch = Sketch::parse(&header, &sketch).expect("a sketch").encode();
        let passes = (0..rows).map(|index| {
            let path = tree.open(index as u64).expect("a row");
            let answer = path.digests().iter().fold(held[index].clone(), |mut answer, digest| {
                answer.extend_from_slice(digest.as_bytes());
                answer
            });
            answers[index] && check_answer(&sketch, index as u64, &answer).is_ok()
        });
        Self { da_hash: header.digest(), passes: passes.collect() }
    }

    /// Whether all samples of an audit pass.
    fn survives(&self, audit: u32, samples: u32) -> bool {
        let rows = self.passes.len() as u64;
        let nonce = Digest::of_content(&audit.to_le_bytes());
        let seed = Seed::live(&Digest::default(), &self.da_hash, rows, samples, &nonce);
        positions(&seed, rows, samples)
            .into_iter()
            .all(|index| usize::try_from(index).is_ok_and(|index| self.passes[index]))
    }
}

/// An archive's code word.
struct Code {
    shape: RowCheckShape,
    rows: Vec<Vec<u8>>,
}

impl Code {
    /// Of a content that `seed` makes: two columns.
    fn of(seed: u8, log_blowup: u8) -> Self {
        let content: Vec<u8> = (0..2 * 7 * ROWS - 8).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed)).collect();
        Self::of_content(&content, log_blowup)
    }

    fn of_content(content: &[u8], log_blowup: u8) -> Self {
        let shape = RowCheckShape::new(content.len() as u64, ROWS, log_blowup).expect("a shape");
        let mut store = RowStore::new(tempfile::tempfile().expect("a file"), &shape);
        encode(std::io::Cursor::new(content), shape, Some(&mut store)).expect("an archive");
        let rows = (0..shape.extended_rows()).map(|index| store.row(index).expect("a row")).collect();
        Self { shape, rows }
    }

    /// A row of canonical elements that is no row of the code.
    fn noise(&self, index: usize) -> Vec<u8> {
        let bytes = Digest::of_content(&index.to_le_bytes());
        pack(&bytes.as_bytes()[..14]).flat_map(u64::to_le_bytes).take(self.shape.row_len()).collect()
    }

    /// Rows of this code and of another that agrees with it in K - 1 rows: `good` rows are this one's.
    ///
    /// The other is this one plus a polynomial of degree K - 1 that vanishes on K - 1 points. Systematic rows are what
    /// is chosen freely, so it differs in one of them and agrees in the others.
    fn mixed_with_another(&self, good: usize) -> Vec<Vec<u8>> {
        let step = self.rows.len() / ROWS as usize;
        let mut content: Vec<u8> = self.systematic_content(step);
        let last = content.len() - 1;
        content[last] ^= 0x55;
        let other = Self::of_content(&content, self.shape.log_blowup());
        let mut left = good - self.rows.iter().zip(&other.rows).filter(|(ours, theirs)| ours == theirs).count();
        let choose = |(ours, theirs): (&Vec<u8>, &Vec<u8>)| {
            if ours == theirs {
                return ours.clone();
            }
            let this = left > 0;
            left = left.saturating_sub(1);
            if this { ours.clone() } else { theirs.clone() }
        };
        self.rows.iter().zip(&other.rows).map(choose).collect()
    }

    /// The content behind the systematic rows.
    fn systematic_content(&self, step: usize) -> Vec<u8> {
        let elements = self.rows.iter().step_by(step).flat_map(|row| row.as_chunks::<8>().0);
        let packed: Vec<u8> = elements.flat_map(|bytes| bytes[..7].iter().copied()).collect();
        let content = &packed[8..];
        content[..usize::try_from(self.shape.byte_len()).expect("a length")].to_vec()
    }
}

/// The page: table and plot.
pub fn page(lines: &[Line]) -> String {
    let mut page = format!(
        "# The bound, measured\n\n\
         Generated from `tests/src/sampling_bound.rs`. Providers that can answer for T - 1 rows, one too few \
         ([row-check](row-check.md#bound)), at K = {ROWS} and both rates; {AUDITS} audits each. A provider passes an audit when all k samples pass. \
         The proven bound is C(T - 1, k) / C(n, k); it is met with equality, so that the measured share lies on either side of it by chance: \
         the last column is by how many standard deviations.\n\n\
         ![measured shares on the proven bound](sampling-bound.svg)\n\n\
         | provider | n / K | rows that pass | k | measured | proven bound | ((1 + rho) / 2)^k | deviation |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n"
    );
    for line in lines {
        let _ = writeln!(
            page,
            "| {} | {} | {} of {} | {} | {:.4} | {:.4} | {:.4} | {:+.1} |",
            line.provider.name(),
            line.inverse_rate,
            line.good,
            line.rows,
            line.samples,
            line.rate(),
            line.bound(),
            line.simple_bound(),
            line.deviation(),
        );
    }
    page
}

/// The plot: shares by samples, on a logarithmic scale.
pub fn plot(lines: &[Line]) -> String {
    const WIDTH: f64 = 640.0;
    const HEIGHT: f64 = 360.0;
    let x = |samples: u32| 60.0 + f64::from(samples) / 8.5 * (WIDTH - 90.0);
    let y = |share: f64| 20.0 + -share.log2() / 7.0 * (HEIGHT - 70.0);
    let mut plot = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
         <title>Share of audits that a provider with one row too few passes, by number of samples</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
    );
    for bits in 0..=7 {
        let at = y(0.5f64.powi(bits));
        let _ = writeln!(
            plot,
            "<path d=\"M60 {at:.1}H{:.0}\" stroke=\"#ddd\"/><text x=\"52\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#444\">1/{}</text>",
            WIDTH - 30.0,
            at + 4.0,
            1 << bits
        );
    }
    for samples in SAMPLES {
        let _ = writeln!(
            plot,
            "<text x=\"{:.1}\" y=\"{:.0}\" text-anchor=\"middle\" fill=\"#444\">{samples}</text>",
            x(samples),
            HEIGHT - 32.0
        );
    }
    for (inverse_rate, colour) in [(4, "#0a6"), (2, "#a3c")] {
        let of_rate = || lines.iter().filter(move |line| line.inverse_rate == inverse_rate);
        let bound: Vec<String> = of_rate()
            .filter(|line| line.provider == Provider::Withholds)
            .map(|line| format!("{:.1},{:.1}", x(line.samples), y(line.bound())))
            .collect();
        let _ = writeln!(
            plot,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>",
            bound.join(" ")
        );
        for line in of_rate() {
            let _ = writeln!(
                plot,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\" fill=\"{colour}\" fill-opacity=\"0.45\"/>",
                x(line.samples) + f64::from(line.provider as u8) * 5.0 - 5.0,
                y(line.rate())
            );
        }
        let (at, name) = if inverse_rate == 4 { (70.0, "rate 1/4") } else { (170.0, "rate 1/2") };
        let _ = writeln!(plot, "<text x=\"{at}\" y=\"{:.0}\" fill=\"{colour}\">● {name}</text>", HEIGHT - 62.0);
    }
    let _ = writeln!(
        plot,
        "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\" fill=\"#444\">samples; lines: proven bound, dots: measured share of three providers</text>\n</svg>",
        WIDTH / 2.0,
        HEIGHT - 10.0
    );
    plot
}
