//! `capseal audit`: sampling of archives, fetching them, and the folder of a provider.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use verifier_core::{
    Limits, VerifyOptions,
    availability::Availability,
    inspect,
    sampling::MAX_BITS,
    sentence::Counted,
    verify,
    verify::{Draw, Samples},
};

use super::{
    audit_told::Told,
    cap::read_token,
    output::{BAD, FAINT, Failure, GOOD, Size, eprintln_line, printable, read_receipt},
    registering::register,
    registry::now,
    sealing::Secret,
    serve::ACCESS_FILE,
    verify::print,
};
use crate::streams::println;
use capseal_archive::bundle::{Bundle, archive_beside, existing_archive_beside};
use capseal_host::whole_file::{self, Existing};
use capseal_network::{
    audit::{Answered, Audit, Evidence, RowOutcome, Silent, ask, audit, fetch},
    http::{Bounds, Client, Credentials},
    provider::{Access, Folder, ListFile, export},
};
use capseal_trust::{capability::of_bundle, keys::SecretKey};

/// Check by sampling that a receipt's archive is available, or download it (--fetch).
///
/// Providers are asked for rows that are drawn here and now; each answer proves that it belongs to the archive that the receipt commits to.
/// A receipt that carries its archive needs no provider. Exit status: 0 available, 13 not available, 12 a provider gave something else.
///
/// With --challenge, the rows are those that a relay called for when the receipt was committed: this shows that the archive existed then, and
/// not that more than these rows exist now. With --attestation, the word of auditors counts instead. Both need --trust.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The receipt.
    #[arg(required = true)]
    receipt: Option<PathBuf>,
    #[command(flatten)]
    sampling: Sampling,
    #[command(flatten)]
    told: Told,
    /// Then fetch the whole archive, from rows if its contents are gone, and check every artifact.
    #[arg(long)]
    fetch: bool,
    /// Where to put it; beside the receipt, with `.archive` behind its name, when not named.
    #[arg(long, value_name = "FILE", requires = "fetch")]
    out: Option<PathBuf>,
    /// Replace the file at `--out`.
    #[arg(long, requires = "fetch")]
    force: bool,
    /// Print the verdict as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Export(Export),
    Register(Register),
}

/// Register a receipt with a relay, as sealing with --relay does.
#[derive(Args, Debug)]
struct Register {
    /// The receipt.
    receipt: PathBuf,
    /// The relay.
    #[arg(long, value_name = "URL")]
    relay: String,
}

const EXAMPLES: &str = "\
Examples:
  capseal audit run.cap --provider https://provider.example            rows that are drawn now
  capseal audit run.cap --provider … --challenge run.cap.commit.json --trust trust.toml
  capseal audit run.cap --provider … --attest me --relay https://relay.example      sample, and say so
  capseal audit run.cap --relay https://relay.example --trust trust.toml --threshold 2    what others say";

/// Write the bundle of a receipt into a folder that any web server, or `capseal serve`, can serve.
#[derive(Args, Debug)]
struct Export {
    /// The receipt.
    receipt: PathBuf,
    /// The folder; other bundles may be in it already.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The archive, when it does not travel in the receipt; the receipt's name with `.archive` when not named.
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,
    /// Only for those who have a token: list the bundle in the folder's access file, which capseal serve goes by. Other web servers do not.
    #[arg(long)]
    require_token: bool,
    /// Whose tokens count: a key of 66 hexadecimal digits, a PEM file, or the name of a key of the store; again for each further one.
    #[arg(long, value_name = "KEY", requires = "require_token")]
    root: Vec<String>,
    /// The provider's name, which tokens are for.
    #[arg(long, value_name = "NAME", requires = "require_token")]
    audience: Option<String>,
    /// A file of a revocation list, as seen from the folder: it has to be there when the folder is served (capseal cap revoke).
    #[arg(long, value_name = "FILE", requires = "require_token")]
    revocations: Vec<PathBuf>,
    #[command(flatten)]
    secret: Secret,
}

/// What shows that this client may have what is protected.
#[derive(Args, Debug)]
struct Entitled {
    /// The token, for bundles that are not for everybody (capseal cap).
    #[arg(long, value_name = "FILE", requires = "key")]
    token: Option<PathBuf>,
    /// The key that its last link was issued to.
    #[arg(long, value_name = "NAME", requires = "token")]
    key: Option<String>,
    #[command(flatten)]
    secret: Secret,
}

impl Entitled {
    fn credentials(&self) -> Result<Option<Credentials>, Failure> {
        let (Some(token), Some(key)) = (&self.token, &self.key) else { return Ok(None) };
        let credentials = Credentials::new(read_token(token)?, self.secret.open(key)?);
        credentials.map(Some).map_err(|error| {
            let next = error.next_step();
            Failure::explained(error, next)
        })
    }
}

/// Whom to ask, and how much.
#[derive(Args, Debug)]
pub(super) struct Sampling {
    /// The URL of a provider of the archive; again for each further one, in the order in which they are asked.
    #[arg(long, value_name = "URL")]
    provider: Vec<String>,
    /// Bits that the samples have to show: a provider that cannot rebuild the archive passes with a probability of at most 2^-BITS.
    #[arg(long, value_name = "BITS", default_value_t = Samples::DEFAULT_BITS, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_BITS)))]
    bits: u32,
    #[command(flatten)]
    entitled: Entitled,
}

impl Sampling {
    /// The token and its key, if there is one; asks for the key's passphrase.
    pub(super) fn credentials(&self) -> Result<Option<Credentials>, Failure> {
        self.entitled.credentials()
    }

    /// Opens a key of the store.
    fn open(&self, name: &str) -> Result<SecretKey, Failure> {
        self.entitled.secret.open(name)
    }

    /// Whether somebody was named who can be asked.
    pub(super) fn is_asked(&self) -> bool {
        !self.provider.is_empty()
    }

    fn clients(&self, credentials: Option<&Credentials>) -> Result<Vec<Client>, Failure> {
        let client = |url: &String| Ok(Client::new(url, Bounds::DEFAULT)?.entitled_by(credentials.cloned()));
        self.provider.iter().map(client).collect()
    }

    /// Asks for the rows that a receipt calls for.
    pub(super) fn sample(&self, receipt: &[u8], credentials: Option<&Credentials>) -> Result<Audit, Failure> {
        let clients = self.clients(credentials)?;
        let done = with_bar(|progress| audit(receipt, &clients, self.bits, &progress))?;
        show(&done.evidence, &done.silent);
        Ok(done)
    }

    /// Asks for the rows that a relay calls for.
    pub(super) fn answer(
        &self,
        receipt: &[u8],
        draw: &Draw,
        credentials: Option<&Credentials>,
    ) -> Result<Answered, Failure> {
        let clients = self.clients(credentials)?;
        let done = with_bar(|progress| ask(receipt, draw, &clients, &progress))?;
        show(&done.evidence, &done.silent);
        Ok(done)
    }

    /// Bits that are asked for.
    pub(super) const fn bits(&self) -> u32 {
        self.bits
    }
}

/// Does something while a bar shows how far it is.
fn with_bar<T>(work: impl FnOnce(&(dyn Fn(usize, &RowOutcome) + Sync)) -> T) -> T {
    let bar = ProgressBar::new(0);
    let done = work(&|_, _| {
        bar.inc_length(1);
        bar.inc(1);
    });
    bar.finish_and_clear();
    done
}

fn show(evidence: &[Evidence], silent: &[Silent]) {
    for Silent { provider, why } in silent {
        let (provider, why) = (printable(provider), printable(why));
        eprintln_line(format_args!("{BAD}✗{BAD:#} {provider} gave no row: {why}"));
    }
    for Evidence { provider, index, refusal } in evidence {
        let provider = printable(provider);
        eprintln_line(format_args!("{BAD}✗{BAD:#} {provider} gave something else as row {index}: {refusal}"));
    }
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let receipt = match (&arguments.command, &arguments.receipt) {
        (Some(Command::Export(arguments)), _) => return write_folder(arguments),
        (Some(Command::Register(arguments)), _) => {
            let bytes = read_receipt(&arguments.receipt)?;
            let bundle = Bundle::open(&bytes, None)?;
            let relay = Client::new(&arguments.relay, Bounds::DEFAULT)?;
            register(&relay, &arguments.receipt, bundle.capsule())?;
            return Ok(ExitCode::SUCCESS);
        }
        (None, Some(receipt)) => receipt,
        (None, None) => return Err(Failure::new("no receipt was named")),
    };
    let bytes = read_receipt(receipt)?;
    let credentials = arguments.sampling.credentials()?;
    // Nobody is asked for rows of a receipt that is refused anyway. A key is opened before the work begins.
    let key = arguments.told.attest.as_deref().map(|name| arguments.sampling.open(name)).transpose()?;
    let mut verdict = verify(&bytes, &VerifyOptions::default());
    if verdict.is_accepted() {
        let asked = VerifyOptions { trust: arguments.told.trust()?, ..VerifyOptions::default() };
        let options = match arguments.told.asked(&bytes, &arguments.sampling, credentials.as_ref())? {
            Some(said) => VerifyOptions { challenge: said.challenge, attestations: said.attestations, ..asked },
            None => {
                let samples = arguments.sampling.sample(&bytes, credentials.as_ref())?.samples;
                VerifyOptions { samples: Some(samples), ..asked }
            }
        };
        verdict = verify(&bytes, &VerifyOptions { at: Some(now()), ..options });
    }
    if arguments.json {
        println!("{}", verdict.to_json());
    } else {
        print(&verdict);
    }
    if let Some(key) = key.filter(|_| verdict.is_accepted()) {
        arguments.told.attest(receipt, &bytes, &key, &verdict)?;
    }
    let intact = verdict.is_accepted() || verdict.checks.last().is_some_and(|last| last.code.is_some());
    if arguments.fetch && verdict.availability == Some(Availability::Complete) && carries_archive(&bytes) {
        let out = arguments.out.as_ref().map_or("", |_| ", and --out has nothing to write");
        eprintln_line(format_args!(
            "\n{GOOD}✓{GOOD:#} nothing to fetch{out}: every artifact is in the receipt and was checked"
        ));
        eprintln_line(format_args!("  {FAINT}capseal inspect --extract FOLDER writes them to files{FAINT:#}"));
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.fetch && intact {
        let clients = arguments.sampling.clients(credentials.as_ref())?;
        return Ok(get(arguments, &clients, receipt, &bytes, verdict.verifier_exit_status));
    }
    Ok(ExitCode::from(verdict.verifier_exit_status))
}

/// Whether the receipt was sealed with its archive inside, so that there is none to fetch.
fn carries_archive(receipt: &[u8]) -> bool {
    inspect(receipt, &Limits::DEFAULT).is_ok_and(|inspection| inspection.archive.mode == "embedded")
}

/// Fetching may succeed where sampling has not: other rows, or contents, may be there. The exit status stays the audit's.
fn get(arguments: &Arguments, clients: &[Client], receipt: &Path, bytes: &[u8], exit: u8) -> ExitCode {
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    let to = arguments.out.clone().unwrap_or_else(|| archive_beside(receipt));
    match fetch(bytes, clients, &to, existing) {
        Ok(fetched) => {
            let how = fetched
                .rebuilt_from
                .map_or(String::new(), |rows| format!(", rebuilt from {}", Counted(rows as u64, "row")));
            let (path, size) = (fetched.path.display(), Size(fetched.size));
            eprintln_line(format_args!("\n{GOOD}✓{GOOD:#} {path} ({size}){how}: every artifact is what it should be"));
            ExitCode::from(exit)
        }
        Err(error) => {
            eprintln_line(format_args!("\n{BAD}✗ not fetched{BAD:#}: {}", printable(&error.to_string())));
            ExitCode::from(if exit == 0 { verifier_core::ExitCode::Availability.number() } else { exit })
        }
    }
}

fn write_folder(arguments: &Export) -> Result<ExitCode, Failure> {
    let bytes = read_receipt(&arguments.receipt)?;
    let verdict = verify(&bytes, &VerifyOptions::default());
    if !verdict.is_accepted() {
        print(&verdict);
        return Ok(ExitCode::from(verdict.verifier_exit_status));
    }
    let archive = arguments.archive.clone().or_else(|| existing_archive_beside(&arguments.receipt));
    let bundle = Bundle::open(&bytes, archive.as_deref())?;
    if arguments.require_token {
        protect(arguments, &bundle)?;
    }
    let exported = export(&bundle, archive.as_deref(), &Folder::at(&arguments.out))?;
    let (blobs, rows) = (Counted(exported.blobs as u64, "content"), Counted(exported.rows, "row"));
    println!("{GOOD}✓{GOOD:#} {blobs} and {rows} in {}", arguments.out.display());
    match exported.da_hash {
        Some(da_hash) => println!("  archive {da_hash}"),
        None => println!("  {FAINT}all of the archive travels in the receipt: there is nothing to sample{FAINT:#}"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Lists a bundle in the folder's access file: before its contents are in the folder, so that they are never there for everybody.
fn protect(arguments: &Export, bundle: &Bundle<'_>) -> Result<(), Failure> {
    let file = arguments.out.join(ACCESS_FILE);
    std::fs::create_dir_all(&arguments.out)?;
    // Two exports at once would each lose what the other has listed.
    let _held = Access::hold(&file)?;
    let roots: Vec<_> = arguments.root.iter().map(|root| arguments.secret.public(root)).collect::<Result<_, _>>()?;
    let mut access = match (&arguments.audience, Access::is_at(&file)?) {
        (_, true) => Access::read(&file)?,
        (Some(audience), false) if !roots.is_empty() => Access::new(audience, Vec::new()),
        _ => {
            let next = "name whose tokens count and what the provider is called, with --root and --audience";
            return Err(Failure::explained_by(format_args!("{} is not there yet", file.display()), next));
        }
    };
    if arguments.audience.as_ref().is_some_and(|audience| *audience != access.audience) {
        let next = "a provider has one name: edit the file, or name it as it is there";
        return Err(Failure::explained_by(format_args!("{} names another audience", file.display()), next));
    }
    access.roots.extend(roots);
    access.roots.sort_unstable();
    access.roots.dedup();
    access.revocations.extend(arguments.revocations.iter().cloned().map(ListFile::from));
    access.revocations.sort_unstable();
    access.revocations.dedup();
    access.protect(bundle);
    whole_file::write(&file, Existing::Replace, access.text().as_bytes())?;
    println!("{GOOD}✓{GOOD:#} only with a token: {} {FAINT}(when capseal serve serves it){FAINT:#}", file.display());
    println!("  resource {}", of_bundle(&bundle.capsule().capsule_hash));
    Ok(())
}
