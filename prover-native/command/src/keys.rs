//! `capseal keys`.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use verifier_core::signature::PublicKey;

use super::{
    output::{FAINT, Failure, GOOD, TITLE},
    sealing::{Secret, explain},
};
use crate::streams::{print, println};
use capseal_trust::keys::{SecretKey, public_pem};

/// Create and manage the keys that sign receipts.
///
/// Each key is a file that only you can open, encrypted with a passphrase (PKCS#8, which OpenSSL reads too). Others check your
/// signatures with the public key, which `keys show` prints.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create a key.
    New {
        /// The name of the key.
        name: String,
        #[command(flatten)]
        secret: Secret,
    },
    /// List the keys in the store.
    List {
        #[command(flatten)]
        secret: Secret,
    },
    /// Show a public key.
    Show {
        /// The name of the key.
        name: String,
        /// Print PEM instead of hexadecimal digits.
        #[arg(long)]
        pem: bool,
        #[command(flatten)]
        secret: Secret,
    },
    /// Print a secret key in its encrypted form.
    Export {
        /// The name of the key.
        name: String,
        #[command(flatten)]
        secret: Secret,
    },
    /// Import a secret key from a file: hexadecimal digits, PEM, or encrypted PEM.
    Import {
        /// The name of the key.
        name: String,
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        secret: Secret,
    },
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        Command::New { name, secret } => add(name, &SecretKey::generate(), secret)?,
        Command::Import { name, file, secret } => add(name, &secret.import(file)?, secret)?,
        Command::List { secret } => {
            let store = secret.store()?;
            for (name, key) in store.list().map_err(explain)? {
                println!("{TITLE}{name}{TITLE:#}  {}", key.id());
            }
        }
        Command::Show { name, pem, secret } => {
            let key = secret.store()?.public(name).map_err(explain)?;
            if *pem {
                print!("{}", public_pem(&key)?);
            } else {
                show(&key);
            }
        }
        Command::Export { name, secret } => print!("{}", secret.store()?.encrypted(name).map_err(explain)?),
    }
    Ok(ExitCode::SUCCESS)
}

fn add(name: &str, key: &SecretKey, secret: &Secret) -> Result<(), Failure> {
    let store = secret.store()?;
    let path = store.add(name, key, &secret.new_passphrase()?).map_err(explain)?;
    println!("{GOOD}✓{GOOD:#} {}", path.display());
    show(&key.public());
    println!("  {FAINT}keep the file and its passphrase: neither can be recovered{FAINT:#}");
    Ok(())
}

fn show(key: &PublicKey) {
    println!("  id  {}", key.id());
    println!("  key {key}");
}
