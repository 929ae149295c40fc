//! `capseal registry`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Args, Subcommand};
use verifier_core::{
    Digest, Trust,
    policy::{Policy, document_hash},
    sentence::Counted,
    signature::{PublicKey, Purpose},
    trust::{ALGORITHM, Key, KeyStatus, PolicyTrust, REGISTRY_SCHEMA, Registry, moment},
};

use super::{
    output::{BAD, FAINT, Failure, GOOD, TITLE, printable, read},
    sealing::Secret,
};
use crate::streams::println;
pub(super) use capseal_host::clock::now;
use capseal_host::whole_file::{self, Existing};
use capseal_trust::{keys::read_public, trust_file};

/// Say whom you trust, and for what: the trust file that `verify --trust` takes.
///
/// It lists keys (the registry), pins the registry by its root, and says for each policy who may seal under it. A registry
/// that you got from somebody is used only when its root is the one that you were told.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a trust file that trusts nobody.
    Init {
        /// The trust file.
        file: PathBuf,
    },
    /// List a key.
    Add(Add),
    /// Mark a key as revoked: whatever it signed, whenever, is refused from then on.
    Revoke {
        /// The trust file.
        file: PathBuf,
        /// Identity of the key, or its name in the file.
        key: String,
    },
    /// Say who may seal under a policy, and pin its document.
    Allow {
        /// The trust file.
        file: PathBuf,
        /// The policy document.
        policy: PathBuf,
        /// Identities or names of keys.
        #[arg(required = true)]
        signers: Vec<String>,
    },
    /// Print the registry's root: what others pin.
    Root {
        /// The trust file.
        file: PathBuf,
    },
    /// Pin the registry: to the root that you were given or, if you wrote the file yourself, to its present content.
    Pin {
        /// The trust file.
        file: PathBuf,
        /// The root.
        #[arg(value_parser = digest)]
        root: Option<Digest>,
    },
    /// Check a trust file: its pin, each key at a time, and who may seal under each policy.
    ///
    /// Exit status: 0 when all of it can be used; 11 when something cannot. A key that is revoked is as it should be; one that has
    /// expired is not, as nobody has said what is to become of it.
    Verify {
        /// The trust file.
        file: PathBuf,
        /// The root that the registry must have, whatever the file pins.
        #[arg(long, value_parser = digest)]
        root: Option<Digest>,
        /// The time to judge at; now when not named.
        #[arg(long, value_parser = time, value_name = "TIME")]
        at: Option<u64>,
        /// Warn of keys that end within so many days.
        #[arg(long, value_name = "DAYS", default_value_t = 30)]
        warn_days: u32,
    },
}

#[derive(Args, Debug)]
struct Add {
    /// The trust file.
    file: PathBuf,
    /// The public key: 66 hexadecimal digits, a PEM file, or the name of a key of the store.
    key: String,
    /// What to call it; the name in the store when not named.
    #[arg(long)]
    name: Option<String>,
    /// What it may sign: authorship, manifests, relay, attestation, with commas or again for each; the first two when not named.
    #[arg(long, value_parser = purpose, value_delimiter = ',')]
    purpose: Vec<Purpose>,
    /// First moment at which it is valid, such as 2026-01-31T12:34:56Z; now when not named.
    #[arg(long, value_parser = time, value_name = "TIME")]
    from: Option<u64>,
    /// First moment at which it is not valid any more; in a year when not named.
    #[arg(long, value_parser = time, value_name = "TIME")]
    until: Option<u64>,
    #[command(flatten)]
    secret: Secret,
}

/// A digest as an argument.
pub(super) fn digest(text: &str) -> Result<Digest, String> {
    Digest::from_hex(text).ok_or_else(|| "not 64 lower-case hexadecimal digits".to_owned())
}

/// A moment as an argument.
pub(super) fn time(text: &str) -> Result<u64, String> {
    moment(text).ok_or_else(|| "not a time such as 2026-01-31T12:34:56Z".to_owned())
}

fn purpose(name: &str) -> Result<Purpose, String> {
    Purpose::from_name(name).ok_or_else(|| "not one of attestation, authorship, manifests, relay".to_owned())
}

/// Reads a trust file.
pub(super) fn read_trust(path: &Path) -> Result<Trust, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))?;
    Trust::from_toml(&text).map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        Command::Init { file } => {
            whole_file::write(file, Existing::Keep, trust_file::text(&Trust::default()).as_bytes())?;
            println!("{GOOD}✓{GOOD:#} {} trusts nobody yet", file.display());
        }
        Command::Add(arguments) => add(arguments)?,
        Command::Revoke { file, key } => revoke(file, key)?,
        Command::Allow { file, policy, signers } => allow(file, policy, signers)?,
        Command::Root { file } => println!("{}", registry(&read_trust(file)?)?.root()),
        Command::Pin { file, root } => pin(file, *root)?,
        Command::Verify { file, root, at, warn_days } => {
            return verify(file, *root, at.unwrap_or_else(now), u64::from(*warn_days) * DAY_MS);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn registry(trust: &Trust) -> Result<&Registry, Failure> {
    trust.listed.as_ref().ok_or_else(|| Failure::new("the trust file has no registry yet"))
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

fn add(arguments: &Add) -> Result<(), Failure> {
    let mut trust = read_trust(&arguments.file)?;
    let (key, name) = public_key(arguments)?;
    let now = now() / 1000 * 1000;
    let valid_from = arguments.from.unwrap_or(now);
    let mut purposes =
        if arguments.purpose.is_empty() { Purpose::OF_RECEIPTS.to_vec() } else { arguments.purpose.clone() };
    purposes.sort_unstable();
    purposes.dedup();
    let registry =
        trust.listed.get_or_insert_with(|| Registry { schema: REGISTRY_SCHEMA.to_owned(), keys: Vec::new() });
    let Err(place) = registry.keys.binary_search_by_key(&key, |listed| listed.key) else {
        return Err(Failure::new(format_args!("the key {} is listed already", key.id())));
    };
    let listed = Key {
        name,
        algorithm: ALGORITHM.to_owned(),
        key,
        purposes,
        valid_from,
        valid_until: arguments.until.unwrap_or(valid_from.saturating_add(YEAR.as_millis() as u64)),
        status: KeyStatus::Active,
    };
    check_validity(&listed)?;
    registry.keys.insert(place, listed);
    write(&arguments.file, &trust)?;
    println!("{GOOD}✓{GOOD:#} listed {}", key.id());
    unpinned(&arguments.file, &trust);
    Ok(())
}

/// A key as its user names it, and what to call it.
fn public_key(arguments: &Add) -> Result<(PublicKey, String), Failure> {
    let key = arguments.secret.public(&arguments.key)?;
    let path = Path::new(&arguments.key);
    let fallback = if read_public(&arguments.key).is_ok() {
        "unnamed"
    } else if path.is_file() {
        path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("unnamed")
    } else {
        &arguments.key
    };
    Ok((key, arguments.name.clone().unwrap_or_else(|| fallback.to_owned())))
}

fn revoke(file: &Path, wanted: &str) -> Result<(), Failure> {
    let mut trust = read_trust(file)?;
    let key_id = find(&trust, wanted)?;
    for key in trust.listed.iter_mut().flat_map(|registry| &mut registry.keys) {
        if key.key.id() == key_id {
            key.status = KeyStatus::Revoked;
        }
    }
    write(file, &trust)?;
    println!("{GOOD}✓{GOOD:#} revoked {key_id}");
    unpinned(file, &trust);
    Ok(())
}

fn allow(file: &Path, policy: &Path, signers: &[String]) -> Result<(), Failure> {
    let mut trust = read_trust(file)?;
    let document = read(policy)?;
    let id = Policy::read(&document).map_err(|error| Failure::new(format_args!("{}: {error}", policy.display())))?.id;
    let hash = document_hash(&document);
    let signers = signers.iter().map(|wanted| find(&trust, wanted)).collect::<Result<Vec<_>, _>>()?;
    let place = trust.policies.iter().position(|listed| listed.id == id);
    let place = place.unwrap_or_else(|| {
        trust.policies.push(PolicyTrust { id: id.clone(), signers: Vec::new(), hashes: Vec::new() });
        trust.policies.len() - 1
    });
    let listed = &mut trust.policies[place];
    for (list, items) in [(&mut listed.signers, signers), (&mut listed.hashes, vec![hash])] {
        list.extend(items);
        list.sort_unstable();
        list.dedup();
    }
    let count = listed.signers.len();
    write(file, &trust)?;
    println!("{GOOD}✓{GOOD:#} may seal under {}: {}", printable(&id), Counted(count as u64, "key"));
    println!("  document {hash}");
    Ok(())
}

/// A listed key, by identity or name.
fn find(trust: &Trust, wanted: &str) -> Result<Digest, Failure> {
    let keys = &registry(trust)?.keys;
    let mut found = keys.iter().filter(|key| key.name == wanted || key.key.id().to_string() == wanted);
    match (found.next(), found.next()) {
        (Some(key), None) => Ok(key.key.id()),
        (None, _) => Err(Failure::new(format_args!("no key {wanted:?} is listed"))),
        (Some(_), Some(_)) => {
            Err(Failure::new(format_args!("several keys are called {wanted:?}: name it by its identity")))
        }
    }
}

fn pin(file: &Path, root: Option<Digest>) -> Result<(), Failure> {
    let mut trust = read_trust(file)?;
    registry(&trust)?.keys.iter().try_for_each(check_validity)?;
    let found = registry(&trust)?.root();
    let root = root.unwrap_or(found);
    if root != found {
        return Err(Failure::new(format_args!(
            "the registry has the root {found}: it is not the one that you were told of"
        )));
    }
    trust.pin = Some(root);
    write(file, &trust)?;
    println!("{GOOD}✓{GOOD:#} pinned {root}");
    Ok(())
}

/// Refuses a key that is never valid.
fn check_validity(key: &Key) -> Result<(), Failure> {
    if key.valid_from < key.valid_until {
        return Ok(());
    }
    let what = format_args!("the key {} ends before it begins: it is never valid", printable(&key.name));
    Err(Failure::explained_by(what, "its valid_until has to be after its valid_from"))
}

fn verify(file: &Path, root: Option<Digest>, at: u64, warn_ms: u64) -> Result<ExitCode, Failure> {
    let mut trust = read_trust(file)?;
    trust.pin = root.or(trust.pin);
    let mut exit = 0;
    match trust.registry() {
        Ok(registry) => println!("{GOOD}✓{GOOD:#} the registry is the one that was pinned: {}", registry.root()),
        Err(error) => {
            exit = error.code().exit_code().number();
            println!("{BAD}✗{BAD:#} {}: {error}", error.code().name());
            if trust.listed.is_some() && trust.pin.is_none() {
                println!(
                    "  {FAINT}nothing is pinned: compare the root with what you were told, then capseal registry pin{FAINT:#}"
                );
            }
        }
    }
    let keys = trust.listed.as_ref().map_or(&[][..], |registry| &registry.keys);
    // Every one is shown, whatever the ones before it are.
    let unfit = keys.iter().filter(|key| !show_key(key, at, warn_ms)).count();
    let unsealed = trust.policies.iter().filter(|policy| !show_policy(policy, keys, at)).count();
    if exit == 0 && unfit + unsealed > 0 {
        exit = verifier_core::ExitCode::Policy.number();
    }
    Ok(ExitCode::from(exit))
}

/// Prints what a key may sign, and whether it can be used as the file means it.
fn show_key(key: &Key, at: u64, warn_ms: u64) -> bool {
    println!("\n  {TITLE}{}{TITLE:#}  {}", printable(&key.name), key.key.id());
    for purpose in &key.purposes {
        match key.judge(*purpose, at) {
            Ok(()) => println!("    {GOOD}✓{GOOD:#} {}", purpose.name()),
            Err(unfit) => println!("    {BAD}✗{BAD:#} {} {FAINT}{unfit}{FAINT:#}", purpose.name()),
        }
    }
    let (from, until) = (trust_file::moment_text(key.valid_from), trust_file::moment_text(key.valid_until));
    println!("    {FAINT}{from} to {until}{FAINT:#}");
    if !key.key.is_on_curve() {
        println!("    {BAD}✗ no point of the curve: it never verifies anything{BAD:#}");
        return false;
    }
    if key.status == KeyStatus::Revoked {
        return true;
    }
    let days = |ms: u64| ms / DAY_MS;
    if key.valid_from >= key.valid_until {
        println!("    {BAD}✗ it ends before it begins: it is never valid{BAD:#}");
        return false;
    }
    if at >= key.valid_until {
        println!("    {BAD}✗ it ended {} days ago: list another key, or revoke it{BAD:#}", days(at - key.valid_until));
        return false;
    }
    if at < key.valid_from {
        println!("    {TITLE}!{TITLE:#} it is valid in {} days only", days(key.valid_from - at));
    } else if key.valid_until - at <= warn_ms {
        println!("    {TITLE}!{TITLE:#} it ends in {} days", days(key.valid_until - at));
    }
    true
}

/// Prints who may seal under a policy no more, and whether anybody may.
fn show_policy(policy: &PolicyTrust, keys: &[Key], at: u64) -> bool {
    println!("\n  {TITLE}policy {}{TITLE:#}", printable(&policy.id));
    let mut can_seal = false;
    for signer in &policy.signers {
        let key = keys.iter().find(|key| key.key.id() == *signer);
        let unfit = match key.map(|key| key.judge(Purpose::Authorship, at)) {
            None => Some("is not listed".to_owned()),
            Some(Err(unfit)) => Some(unfit.to_string()),
            Some(Ok(())) => None,
        };
        match unfit {
            None => can_seal = true,
            Some(unfit) => {
                let name = key.map_or_else(|| signer.to_string(), |key| printable(&key.name));
                println!("    {TITLE}!{TITLE:#} its signer {name} {unfit}");
            }
        }
    }
    if can_seal {
        println!("    {GOOD}✓{GOOD:#} somebody may seal under it");
    } else {
        println!("    {BAD}✗ nobody may seal under it: capseal registry allow names a key that can{BAD:#}");
    }
    can_seal
}

fn write(file: &Path, trust: &Trust) -> Result<(), Failure> {
    whole_file::write(file, Existing::Replace, trust_file::text(trust).as_bytes())?;
    Ok(())
}

/// A change leaves the pin as it was: whoever trusts the change says so.
fn unpinned(file: &Path, trust: &Trust) {
    if trust.registry().is_err() {
        println!("  next: capseal registry pin {}", file.display());
    }
}
