//! The folder where keys are kept: `<name>.key`, encrypted, and `<name>.pub` beside it.

use std::{
    env, fmt,
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use verifier_core::signature::PublicKey;

use super::{KeyError, Passphrase, SecretKey, public_pem, read_public};

/// A folder of keys.
#[derive(Clone, Debug)]
pub struct KeyStore {
    folder: PathBuf,
}

impl KeyStore {
    /// The store in a folder, which is made when a key is put there.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The user's own store: `$CAPSEAL_KEYS`, or `capseal/keys` in the user's folder for data.
    ///
    /// # Errors
    /// When there is no home folder.
    pub fn of_user() -> Result<Self, StoreKeyError> {
        let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let data = || folder("XDG_DATA_HOME").or_else(|| Some(folder("HOME")?.join(".local/share")));
        let place = folder("CAPSEAL_KEYS").or_else(|| Some(data()?.join("capseal/keys")));
        place.map(Self::at).ok_or(StoreKeyError::NoHome)
    }

    /// Where the keys are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every key that is there, by name.
    ///
    /// # Errors
    /// When the folder or a public key cannot be read.
    pub fn list(&self) -> Result<Vec<(String, PublicKey)>, StoreKeyError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreKeyError::io(&self.folder, error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(|error| StoreKeyError::io(&self.folder, error))?.file_name();
            names.extend(name.to_str().and_then(|name| name.strip_suffix(".key")).map(str::to_owned));
        }
        names.sort();
        names.into_iter().map(|name| self.public(&name).map(|key| (name, key))).collect()
    }

    /// The public half of a key.
    ///
    /// # Errors
    /// When there is no such key.
    pub fn public(&self, name: &str) -> Result<PublicKey, StoreKeyError> {
        let path = self.path(name, "pub")?;
        let text = fs::read_to_string(&path).map_err(|error| StoreKeyError::io(&path, error))?;
        read_public(&text).map_err(|error| StoreKeyError::Key { path, error })
    }

    /// Puts a key there; one that is there already is never replaced.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&self, name: &str, key: &SecretKey, passphrase: &Passphrase) -> Result<PathBuf, StoreKeyError> {
        let (path, public) = (self.path(name, "key")?, self.path(name, "pub")?);
        let with = |path: &Path| {
            let path = path.to_owned();
            move |error| StoreKeyError::Key { path, error }
        };
        let secret = key.to_encrypted_pem(passphrase).map_err(with(&path))?;
        let public_text = public_pem(&key.public()).map_err(with(&public))?;
        make_folder(&self.folder).map_err(|error| StoreKeyError::io(&self.folder, error))?;
        write_new(&path, secret.as_bytes(), 0o600)?;
        write_new(&public, public_text.as_bytes(), 0o644)?;
        Ok(path)
    }

    /// The encrypted key as it lies there.
    ///
    /// # Errors
    /// When it cannot be read, or others than its owner can.
    pub fn encrypted(&self, name: &str) -> Result<String, StoreKeyError> {
        let path = self.path(name, "key")?;
        let io = |error| StoreKeyError::io(&path, error);
        if is_open_to_others(&path).map_err(io)? {
            return Err(StoreKeyError::OpenToOthers { path });
        }
        fs::read_to_string(&path).map_err(io)
    }

    /// Opens a key.
    ///
    /// # Errors
    /// When it cannot be read, or the passphrase is another.
    pub fn open(&self, name: &str, passphrase: &Passphrase) -> Result<SecretKey, StoreKeyError> {
        let pem = self.encrypted(name)?;
        let path = self.path(name, "key")?;
        SecretKey::from_encrypted_pem(&pem, passphrase).map_err(|error| StoreKeyError::Key { path, error })
    }

    fn path(&self, name: &str, extension: &str) -> Result<PathBuf, StoreKeyError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if name.is_empty() || name.len() > NAME_LEN_MAX || name.starts_with('.') || !name.bytes().all(is_plain) {
            return Err(StoreKeyError::Name { name: name.to_owned() });
        }
        Ok(self.folder.join(format!("{name}.{extension}")))
    }
}

/// Far from what file systems allow.
const NAME_LEN_MAX: usize = 64;

fn write_new(path: &Path, content: &[u8], mode: u32) -> Result<(), StoreKeyError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let write = |mut file: fs::File| file.write_all(content).and_then(|()| file.sync_all());
    options.open(path).and_then(write).map_err(|error| StoreKeyError::io(path, error))
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> io::Result<bool> {
    Ok(false)
}

/// A key that the store cannot give or take.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreKeyError {
    /// Neither `CAPSEAL_KEYS` nor a home folder.
    NoHome,
    /// A name that is none.
    Name {
        /// The name.
        name: String,
    },
    /// A file cannot be read or written.
    Io {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// Others than its owner can read the file.
    OpenToOthers {
        /// Which.
        path: PathBuf,
    },
    /// A file does not hold the key that it should.
    Key {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        error: KeyError,
    },
}

impl StoreKeyError {
    fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }

    /// What the user can do about it.
    pub fn next_step(&self) -> Option<&'static str> {
        match self {
            Self::NoHome => Some("name a folder in CAPSEAL_KEYS"),
            Self::Name { .. } => Some("names are letters, digits, - _ and ."),
            Self::Io { error, .. } if error.kind() == io::ErrorKind::NotFound => {
                Some("capseal keys list shows the keys that are there; capseal keys new makes one")
            }
            Self::Io { error, .. } if error.kind() == io::ErrorKind::AlreadyExists => {
                Some("a key is never replaced: choose another name")
            }
            Self::OpenToOthers { .. } => Some("chmod 600 closes it; if others could read it, make a new key"),
            Self::Io { .. } | Self::Key { .. } => None,
        }
    }
}

impl fmt::Display for StoreKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHome => f.write_str("there is no folder for keys"),
            Self::Name { name } => write!(f, "{name:?} is no name for a key"),
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
            Self::OpenToOthers { path } => write!(f, "{}: others can read this key", path.display()),
            Self::Key { path, error } => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for StoreKeyError {}
