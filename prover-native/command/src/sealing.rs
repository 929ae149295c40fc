//! What every command that seals may be asked for: keys to sign with, a policy to seal under, and a relay to register with.

use std::{
    env, fs,
    io::IsTerminal,
    path::{Path, PathBuf},
};

use clap::Args;
use verifier_core::signature::PublicKey;

use super::{
    output::Failure,
    registering::{Registering, Registration, Relay},
};
use capseal_sealing::{Committed, Governing};
use capseal_trust::keys::{KeyStore, Passphrase, SecretKey, StoreKeyError, is_encrypted, read_public};

/// Arguments of commands that seal.
#[derive(Args, Debug)]
pub(super) struct Sealing {
    /// Sign with this key of the store (`capseal keys list`); again for each further signer.
    #[arg(long, value_name = "NAME")]
    key: Vec<String>,
    #[command(flatten)]
    secret: Secret,
    /// Seal under this policy document.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The track of the policy; may be left out if there is only one.
    #[arg(long, value_name = "TRACK", requires = "policy")]
    track: Option<String>,
    #[command(flatten)]
    registering: Registering,
}

/// Keys and policy, read before the work begins.
pub(super) struct Ready {
    keys: Vec<SecretKey>,
    relay: Relay,
    /// The policy.
    pub(super) policy: Option<Governing>,
}

impl Sealing {
    /// These options, with others where one is not given.
    pub(super) fn or(self, other: Self) -> Self {
        let (policy, track) = match self.policy {
            Some(policy) => (Some(policy), self.track),
            None => (other.policy, other.track),
        };
        Self {
            key: [other.key, self.key].concat(),
            secret: Secret {
                keys: self.secret.keys.or(other.secret.keys),
                passphrase_file: self.secret.passphrase_file.or(other.secret.passphrase_file),
            },
            policy,
            track,
            registering: self.registering.or(other.registering),
        }
    }

    /// Opens keys and policy: a long run must not fail for a mistyped passphrase at its end.
    pub(super) fn ready(&self) -> Result<Ready, Failure> {
        let keys = self.key.iter().map(|name| self.secret.open(name)).collect::<Result<_, _>>()?;
        let policy = self.policy.as_ref().map(|path| {
            let document = super::output::read(path)?;
            Governing::new(document, self.track.as_deref())
                .map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))
        });
        Ok(Ready { keys, relay: self.registering.ready()?, policy: policy.transpose()? })
    }
}

impl Ready {
    /// Signs what was committed to.
    pub(super) fn sign(&self, committed: &mut Committed) -> Result<(), Failure> {
        self.keys.iter().try_for_each(|key| committed.sign(key)).map_err(Failure::from)
    }

    /// Registers what was committed to, if a relay was named. Comes before signing, so that the capsule names the challenge.
    pub(super) fn register(&self, committed: &mut Committed) -> Registration {
        self.relay.register(committed)
    }
}

/// Where keys are, and how they are opened.
#[derive(Args, Debug)]
pub(super) struct Secret {
    /// Folder of the keys; $CAPSEAL_KEYS or the user's own by default.
    #[arg(long, value_name = "FOLDER")]
    keys: Option<PathBuf>,
    /// File whose first line is the passphrase; without it, the terminal asks.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Secret {
    /// The store.
    pub(super) fn store(&self) -> Result<KeyStore, Failure> {
        self.keys.as_ref().map_or_else(|| KeyStore::of_user().map_err(explain), |folder| Ok(KeyStore::at(folder)))
    }

    /// A public key as its user names it: hexadecimal digits, a PEM file, or a name of the store.
    pub(super) fn public(&self, named: &str) -> Result<PublicKey, Failure> {
        if let Ok(key) = read_public(named) {
            return Ok(key);
        }
        let path = Path::new(named);
        if path.is_file() {
            let text = String::from_utf8(super::output::read(path)?).unwrap_or_default();
            return read_public(&text).map_err(|error| Failure::new(format_args!("{}: {error}", path.display())));
        }
        self.store()?.public(named).map_err(explain)
    }

    /// Opens a key of the store.
    pub(super) fn open(&self, name: &str) -> Result<SecretKey, Failure> {
        let store = self.store()?;
        store.encrypted(name).map_err(explain)?;
        let passphrase = self.passphrase(&format!("Passphrase of {name}: "))?;
        store.open(name, &passphrase).map_err(explain)
    }

    /// Reads a key from a file of any known form.
    pub(super) fn import(&self, path: &Path) -> Result<SecretKey, Failure> {
        let text = Passphrase::new(
            fs::read_to_string(path).map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))?,
        );
        let text = text.trim();
        let key = if is_encrypted(text) {
            SecretKey::from_encrypted_pem(text, &self.passphrase("Passphrase of the file: ")?)
        } else if text.starts_with("-----BEGIN") {
            SecretKey::from_pem(text)
        } else {
            SecretKey::from_hex(text)
        };
        key.map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))
    }

    /// A passphrase for a key that is new to the store.
    pub(super) fn new_passphrase(&self) -> Result<Passphrase, Failure> {
        let passphrase = self.passphrase("New passphrase: ")?;
        if passphrase.is_empty() {
            return Err(Failure::new("the passphrase is empty: the key would lie there in the open"));
        }
        if self.file().is_none() && *passphrase != *self.passphrase("Once more: ")? {
            return Err(Failure::new("the two passphrases differ"));
        }
        Ok(passphrase)
    }

    fn file(&self) -> Option<PathBuf> {
        self.passphrase_file.clone().or_else(|| env::var_os(PASSPHRASE_FILE).map(PathBuf::from))
    }

    fn passphrase(&self, prompt: &str) -> Result<Passphrase, Failure> {
        if let Some(path) = self.file() {
            let text = Passphrase::new(
                fs::read_to_string(&path).map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))?,
            );
            return Ok(Passphrase::new(text.lines().next().unwrap_or_default().to_owned()));
        }
        if !std::io::stdin().is_terminal() {
            let next = "name a file with --passphrase-file or CAPSEAL_PASSPHRASE_FILE";
            return Err(Failure::explained_by("the passphrase cannot be asked for: this is no terminal", next));
        }
        Ok(Passphrase::new(rpassword::prompt_password(prompt)?))
    }
}

/// Names a file with a passphrase, for machines without a terminal.
const PASSPHRASE_FILE: &str = "CAPSEAL_PASSPHRASE_FILE";

/// A key that the store cannot give.
pub(super) fn explain(error: StoreKeyError) -> Failure {
    let next = error.next_step();
    Failure::explained(error, next)
}
