//! `capseal policy`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use verifier_core::{
    Digest, Limits, VerifyOptions,
    backend::Backend,
    capsule::{Capsule, entry},
    container::Container,
    inspect,
    policy::{
        Facts, Inclusion, Policy, RuleAnswer, RuleOutcome, document_hash, evaluate, passed_obligations, registry_tree,
    },
    signature::Purpose,
    verify,
};

use super::{
    output::{BAD, FAINT, Failure, GOOD, TITLE, printable, read, read_receipt},
    registry::{now, time},
};
use crate::streams::println;
use capseal_host::whole_file::{self, Existing};
use capseal_trust::policy_draft;

/// Write and test policies, the rules that a receipt must satisfy.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Draft a policy from a receipt: it allows this run and no other.
    Init {
        /// The receipt.
        #[arg(long, value_name = "RECEIPT")]
        from: PathBuf,
        /// The name of the policy.
        #[arg(long, default_value = "house-rules")]
        id: String,
        /// Where to write the policy.
        #[arg(long, default_value = "policy.json", value_name = "FILE")]
        out: PathBuf,
    },
    /// Dry-run the rules on a receipt. Its signatures count as trusted, so this is no verification. Exit status 11 when a rule fails.
    Check {
        /// The receipt.
        receipt: PathBuf,
        /// The policy document.
        #[arg(long)]
        policy: PathBuf,
        /// The track; may be left out if there is only one.
        #[arg(long)]
        track: Option<String>,
        /// The time of the check; now by default.
        #[arg(long, value_parser = time, value_name = "TIME")]
        at: Option<u64>,
        /// Print the answers as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Explain a policy in words.
    Explain {
        /// The policy document.
        policy: PathBuf,
    },
    /// Print the hash that pins a policy.
    Hash {
        /// The policy document.
        policy: PathBuf,
    },
    /// Put policies into a registry that verifiers pin by its root.
    Registry {
        #[command(subcommand)]
        command: RegistryCommand,
    },
}

#[derive(Debug, Subcommand)]
enum RegistryCommand {
    /// Print the root over policy documents.
    Build {
        /// The documents, in any order.
        #[arg(required = true)]
        policies: Vec<PathBuf>,
    },
    /// Print the proof that a policy is in the registry, for `verify --policy-inclusion`.
    Prove {
        /// The policy.
        policy: PathBuf,
        /// The other documents of the registry.
        policies: Vec<PathBuf>,
    },
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        Command::Init { from, id, out } => init(from, id, out)?,
        Command::Check { receipt, policy, track, at, json } => {
            return check(receipt, policy, track.as_deref(), at.unwrap_or_else(now), *json);
        }
        Command::Explain { policy } => explain(&policy_of(policy)?),
        Command::Hash { policy } => {
            policy_of(policy)?;
            println!("{}", document_hash(&read(policy)?));
        }
        Command::Registry { command: RegistryCommand::Build { policies } } => {
            println!("{}", registry_tree(&mut hashes(policies)?).root().digest());
        }
        Command::Registry { command: RegistryCommand::Prove { policy, policies } } => {
            let mut hashes = hashes(policies)?;
            let hash = document_hash(&read(policy)?);
            policy_of(policy)?;
            hashes.push(hash);
            let tree = registry_tree(&mut hashes);
            let inclusion = Inclusion::prove(&tree, &hashes, &hash);
            println!("{}", serde_json::to_string(&inclusion)?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn policy_of(path: &Path) -> Result<Policy, Failure> {
    Policy::read(&read(path)?).map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))
}

fn hashes(policies: &[PathBuf]) -> Result<Vec<Digest>, Failure> {
    policies.iter().map(|path| policy_of(path).and_then(|_| Ok(document_hash(&read(path)?)))).collect()
}

fn init(from: &Path, id: &str, out: &Path) -> Result<(), Failure> {
    let bytes = read(from)?;
    let verdict = verify(&bytes, &VerifyOptions::default());
    if let Some(refusal) = verdict.refusal() {
        return Err(Failure::new(format_args!("{} is refused: {refusal}", from.display())));
    }
    let inspection = inspect(&bytes, &Limits::DEFAULT)?;
    let container = Container::parse(&bytes, &Limits::DEFAULT)?;
    let capsule = Capsule::read(container.get(entry::CAPSULE).unwrap_or_default())?;
    let passed = container.get(entry::EVENTS).map(|log| passed_obligations(&capsule, log)).unwrap_or_default();
    let document = policy_draft::draft(&inspection, verdict.security_bits, &passed, id);
    whole_file::write(out, Existing::Keep, document.as_bytes())?;
    println!("{GOOD}✓{GOOD:#} {}", out.display());
    println!("  hash {}", document_hash(document.as_bytes()));
    println!("  {FAINT}it allows what this run was and nothing else: strike out what may vary{FAINT:#}");
    println!("  next: capseal run --key NAME --policy {} …", out.display());
    Ok(())
}

/// Exit status when a rule fails: that of policies.
const FAILED: u8 = 11;

fn check(receipt: &Path, policy: &Path, track: Option<&str>, at: u64, json: bool) -> Result<ExitCode, Failure> {
    let policy = policy_of(policy)?;
    let track = match (track, policy.tracks.as_slice()) {
        (Some(name), _) => policy.track(name),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let track = track.ok_or_else(|| Failure::new("name a track of the policy with --track"))?;
    let bytes = read_receipt(receipt)?;
    let verdict = verify(&bytes, &VerifyOptions::default());
    if let Some(refusal) = verdict.refusal() {
        return Err(Failure::new(format_args!("{} is refused: {refusal}", receipt.display())));
    }
    let container = Container::parse(&bytes, &Limits::DEFAULT)?;
    let capsule = Capsule::read(container.get(entry::CAPSULE).unwrap_or_default())?;
    let manifests: BTreeMap<&str, &[u8]> = capsule
        .payload
        .manifests
        .iter()
        .filter_map(|manifest| Some((manifest.name.as_str(), container.get(&entry::manifest(&manifest.name))?)))
        .collect();
    let signatures = inspect(&bytes, &Limits::DEFAULT)?.signatures;
    let authors = signatures.iter().filter(|signature| signature.purpose == Purpose::Authorship);
    let signers: Vec<Digest> = authors.map(|signature| signature.key_id).collect();
    let backend = Backend::from_id(&capsule.header.backend_id);
    let claim_class = backend.map(Backend::claim_class).ok_or_else(|| Failure::new("the backend is unknown"))?;
    let facts = Facts {
        capsule: &capsule,
        claim_class,
        security_bits: verdict.security_bits,
        manifests: &manifests,
        log: container.get(entry::EVENTS),
        signers: &signers,
        at: Some(at),
    };
    let answers = evaluate(track, &facts);
    if json {
        println!("{}", serde_json::to_string(&answers)?);
    } else {
        println!(
            "{TITLE}{} {}, track {}{TITLE:#}",
            printable(&policy.id),
            printable(&policy.version),
            printable(&track.id)
        );
        print_answers(&answers);
    }
    let failed = answers.iter().any(|answer| answer.outcome == RuleOutcome::Fail);
    Ok(if failed { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

/// One line a rule.
pub(super) fn print_answers(answers: &[RuleAnswer]) {
    for answer in answers {
        let (style, mark) = match answer.outcome {
            RuleOutcome::Pass => (GOOD, "✓"),
            RuleOutcome::Fail => (BAD, "✗"),
            RuleOutcome::NotApplicable => (FAINT, "–"),
        };
        println!("  {style}{mark}{style:#} {:<28}{}", answer.rule, printable(&answer.seen));
    }
}

fn explain(policy: &Policy) {
    println!("{TITLE}{} {}{TITLE:#}", printable(&policy.id), printable(&policy.version));
    policy.description.iter().for_each(|text| println!("  {}", printable(text)));
    for track in &policy.tracks {
        println!("\n{TITLE}track {}{TITLE:#}", printable(&track.id));
        track.description.iter().for_each(|text| println!("  {}", printable(text)));
        for rule in &track.rules {
            println!("  · {}  {FAINT}{}{FAINT:#}", policy_draft::sentence(rule), rule.code().name());
        }
    }
}
