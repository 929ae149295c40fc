//! The access file of a provider (spec: `docs/spec/capability.md`): which bundles are for those alone who have a token, and whose tokens count.

use std::{
    fmt::{self, Write as _},
    fs, io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, de::Error as _};
use verifier_core::{
    Digest,
    capability::{Link, Resource},
    capsule::entry,
    row_check::RowCheckHeader,
    signature::PublicKey,
};

use capseal_archive::bundle::Bundle;
use capseal_host::{
    cause::Cause,
    toml_text::{lines, quoted},
};

/// The schema of this version's access files.
pub const ACCESS_SCHEMA: &str = "capseal/access/v1";

/// An access file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// [`ACCESS_SCHEMA`].
    schema: String,
    /// The provider's name, as tokens and proofs have it.
    pub audience: String,
    /// Issuers whose tokens count.
    #[serde(deserialize_with = "keys")]
    pub roots: Vec<PublicKey>,
    /// Files of revocation lists.
    #[serde(default)]
    pub revocations: Vec<ListFile>,
    /// Whether reading goes on while there is no list that is in use.
    #[serde(default)]
    pub stale_reads: bool,
    /// What is protected.
    #[serde(default)]
    pub bundles: Vec<Protected>,
}

/// A file of revocation lists, and whose lists it may have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(from = "ListEntry")]
pub struct ListFile {
    /// The file, as seen from the folder of the access file.
    pub file: PathBuf,
    /// The issuer. Without one it is the root whose list is there first.
    pub issuer: Option<PublicKey>,
}

impl From<PathBuf> for ListFile {
    fn from(file: PathBuf) -> Self {
        Self { file, issuer: None }
    }
}

/// How an access file states it: a path, or a path with an issuer.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum ListEntry {
    File(PathBuf),
    Issued {
        file: PathBuf,
        #[serde(deserialize_with = "key")]
        issuer: PublicKey,
    },
}

impl From<ListEntry> for ListFile {
    fn from(entry: ListEntry) -> Self {
        match entry {
            ListEntry::File(file) => file.into(),
            ListEntry::Issued { file, issuer } => Self { file, issuer: Some(issuer) },
        }
    }
}

/// A bundle that is not for everybody.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protected {
    /// The receipt's identity.
    #[serde(deserialize_with = "digest")]
    pub capsule_hash: Digest,
    /// Its artifacts.
    #[serde(deserialize_with = "digests")]
    pub blobs: Vec<Digest>,
    /// Its encoded archive, if it has one.
    #[serde(default, deserialize_with = "digests")]
    pub archives: Vec<Digest>,
}

impl Access {
    /// An access file that protects nothing yet.
    pub fn new(audience: &str, roots: Vec<PublicKey>) -> Self {
        let (schema, audience) = (ACCESS_SCHEMA.to_owned(), audience.to_owned());
        Self { schema, audience, roots, revocations: Vec::new(), stale_reads: true, bundles: Vec::new() }
    }

    /// Reads an access file.
    ///
    /// # Errors
    /// When it cannot be read, or is not one: a provider that does not understand it serves nothing.
    pub fn read(path: &Path) -> Result<Self, AccessError> {
        let failed = |cause: String| AccessError { path: path.to_owned(), cause };
        let text = fs::read_to_string(path).map_err(|error| failed(Cause(&error).to_string()))?;
        let access: Self = toml::from_str(&text).map_err(|error| failed(error.to_string().trim().to_owned()))?;
        if access.schema != ACCESS_SCHEMA {
            return Err(failed(format!("its schema is not {ACCESS_SCHEMA}")));
        }
        if !Link::is_audience(&access.audience) {
            return Err(failed("its audience is not a name of visible characters".to_owned()));
        }
        Ok(access)
    }

    /// Whether there is an access file, be it readable or not.
    ///
    /// # Errors
    /// When that cannot be told.
    pub fn is_at(path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    /// Protects the bundle of a receipt.
    pub fn protect(&mut self, bundle: &Bundle<'_>) {
        let capsule_hash = bundle.capsule().capsule_hash;
        let mut blobs: Vec<Digest> =
            bundle.capsule().payload.artifacts.iter().map(|artifact| artifact.digest).collect();
        blobs.sort_unstable();
        let header = bundle.container().get(entry::ROW_CHECK_HEADER).map(RowCheckHeader::from_bytes);
        let archives = header.and_then(Result::ok).map(|header| header.digest()).into_iter().collect();
        self.bundles.retain(|listed| listed.capsule_hash != capsule_hash);
        self.bundles.push(Protected { capsule_hash, blobs, archives });
    }

    /// The text that [`Access::read`] reads.
    pub fn text(&self) -> String {
        let texts = |digests: &[Digest]| lines(digests.iter().map(|digest| quoted(&digest.to_string())));
        let roots = lines(self.roots.iter().map(|root| quoted(&root.to_string())));
        let lists = lines(self.revocations.iter().map(|list| {
            let file = quoted(&list.file.to_string_lossy());
            list.issuer.map_or_else(|| file.clone(), |issuer| format!("{{ file = {file}, issuer = \"{issuer}\" }}"))
        }));
        let (schema, audience, stale) = (quoted(ACCESS_SCHEMA), quoted(&self.audience), self.stale_reads);
        let mut text = format!(
            "{HEAD}schema = {schema}\naudience = {audience}\nroots = {roots}\n{LISTS}revocations = {lists}\n{STALE}stale_reads = {stale}\n"
        );
        for Protected { capsule_hash, blobs, archives } in &self.bundles {
            let (blobs, archives) = (texts(blobs), texts(archives));
            let _ = write!(
                text,
                "\n[[bundles]]\ncapsule_hash = \"{capsule_hash}\"\nblobs = {blobs}\narchives = {archives}\n"
            );
        }
        text
    }

    /// Keeps others from changing an access file, for as long as the file that is returned lives. Its lock also stays as a sign that there
    /// was an access file.
    ///
    /// # Errors
    /// When the lock beside it cannot be had.
    pub fn hold(path: &Path) -> io::Result<fs::File> {
        let mut lock = path.as_os_str().to_owned();
        lock.push(".lock");
        let file =
            fs::File::options().create(true).truncate(false).write(true).mode(0o600).open(PathBuf::from(lock))?;
        file.lock()?;
        Ok(file)
    }

    /// The resources that a path is about, as tokens name them; none where everybody may have it.
    ///
    /// A content of several bundles is for those who may have one of them.
    pub(super) fn resources(&self, path: &str) -> Vec<Resource> {
        let below = |bundle: &Protected, rest: &str| Resource::new(format!("bundle/{}/{rest}", bundle.capsule_hash));
        let mut segments = path.trim_start_matches('/').splitn(4, '/').skip(1);
        let (kind, digest) = (segments.next(), segments.next().and_then(Digest::from_hex));
        let named = |bundle: &&Protected| match (kind, digest) {
            (Some("blobs"), Some(digest)) => bundle.blobs.contains(&digest),
            (Some("da"), Some(digest)) => bundle.archives.contains(&digest),
            _ => false,
        };
        let rest = path.trim_start_matches('/').strip_prefix("v1/").unwrap_or_default();
        self.bundles.iter().filter(named).filter_map(|bundle| below(bundle, rest)).collect()
    }
}

const HEAD: &str =
    "# Which bundles are for those alone who have a token, and whose tokens count (docs/spec/capability.md).\n";
const LISTS: &str = "# Files that capseal cap revoke writes, as seen from here; read again when they change. The issuer is a root unless it is named:\n# { file = \"ann.revoked\", issuer = \"<key>\" }\n";
const STALE: &str = "# Whether reading goes on without a list that is in use; creating and modifying never do.\n";

/// The resource that stands for everything of a bundle.
pub fn of_bundle(capsule_hash: &Digest) -> Resource {
    let below = Resource::new(format!("bundle/{capsule_hash}/*"));
    below.unwrap_or_else(|| unreachable!("hexadecimal digits are a segment"))
}

fn parsed<E: serde::de::Error, T>(text: &str, read: fn(&str) -> Option<T>, expected: &str) -> Result<T, E> {
    read(text).ok_or_else(|| E::custom(format_args!("{text:?} is not {expected}")))
}

const KEY: &str = "a key of 66 hexadecimal digits";
const DIGEST: &str = "64 lower-case hexadecimal digits";

fn digest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
    parsed(&String::deserialize(deserializer)?, Digest::from_hex, DIGEST)
}

fn digests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Digest>, D::Error> {
    Vec::<String>::deserialize(deserializer)?.iter().map(|text| parsed(text, Digest::from_hex, DIGEST)).collect()
}

fn key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PublicKey, D::Error> {
    parsed(&String::deserialize(deserializer)?, PublicKey::from_hex, KEY)
}

fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PublicKey>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    if texts.is_empty() {
        return Err(D::Error::custom("there is no root: nobody's tokens would count"));
    }
    texts.iter().map(|text| parsed(text, PublicKey::from_hex, KEY)).collect()
}

/// An access file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessError {
    path: PathBuf,
    cause: String,
}

impl AccessError {
    /// An access file that cannot even be looked for.
    pub(super) fn new(path: &Path, error: io::Error) -> Self {
        Self { path: path.to_owned(), cause: Cause(&error).to_string() }
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.cause)
    }
}

impl std::error::Error for AccessError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Access {
        let mut access = Access::new("provider.example", vec![PublicKey::new([2; 33])]);
        let issued =
            ListFile { file: "ann\u{200b}\u{7f}\u{1b}\"\\.revoked".into(), issuer: Some(PublicKey::new([3; 33])) };
        access.revocations = vec![PathBuf::from("owner.revoked").into(), issued];
        for byte in [1, 2] {
            access.bundles.push(Protected {
                capsule_hash: Digest::new([byte; 32]),
                blobs: vec![Digest::new([7; 32]), Digest::new([byte + 10; 32])],
                archives: vec![Digest::new([byte + 20; 32])],
            });
        }
        access
    }

    #[test]
    fn what_is_written_is_what_is_read_and_mistakes_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.toml");
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            Access::read(&path)
        };
        let text = access().text();
        assert_eq!(read(&text), Ok(access()));
        for wrong in [
            text.replace("access/v1", "access/v2"),
            text.replace("stale_reads", "stale_read"),
            text.replace("provider.example", "a b"),
            text.replace(&PublicKey::new([2; 33]).to_string(), "02"),
            text.replace(&Digest::new([7; 32]).to_string(), "07"),
            text.replace(&format!("\n  \"{}\",", PublicKey::new([2; 33])), ""),
            text.replace(", issuer = ", ", issued = "),
            text.replace(&PublicKey::new([3; 33]).to_string(), "03"),
            String::new(),
        ] {
            assert!(read(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_path_is_about_the_bundles_that_it_is_of() {
        let access = access();
        let hex = |byte: u8| Digest::new([byte; 32]).to_string();
        let about =
            |path: &str| access.resources(path).iter().map(|found| found.as_str().to_owned()).collect::<Vec<_>>();
        assert_eq!(about(&format!("/v1/blobs/{}", hex(11))), [format!("bundle/{}/blobs/{}", hex(1), hex(11))]);
        assert_eq!(about(&format!("/v1/blobs/{}", hex(7))).len(), 2);
        assert_eq!(about(&format!("/v1/da/{}/rows/3", hex(22))), [format!("bundle/{}/da/{}/rows/3", hex(2), hex(22))]);
        for open in [format!("/v1/blobs/{}", hex(99)), "/healthz".into(), "/v1/blobs".into(), "/".into()] {
            assert!(about(&open).is_empty(), "{open}");
        }
    }
}
