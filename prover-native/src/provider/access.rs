//! The access file of a provider (spec: `docs/spec/capability.md`): which bundles are for those alone who have a token, and whose tokens count.

use std::{
    fmt::{self, Write as _},
    fs, io,
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

use crate::{bundle::Bundle, cause::Cause};

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
    /// Files of revocation lists, as seen from the folder of this file.
    #[serde(default)]
    pub revocations: Vec<PathBuf>,
    /// Whether reading goes on while there is no list that is in use.
    #[serde(default)]
    pub stale_reads: bool,
    /// What is protected.
    #[serde(default)]
    pub bundles: Vec<Protected>,
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
        let list = |items: &[String]| items.iter().map(|item| format!("\n  {item:?},")).collect::<String>();
        let hex = |digests: &[Digest]| list(&digests.iter().map(Digest::to_string).collect::<Vec<_>>());
        let roots = list(&self.roots.iter().map(PublicKey::to_string).collect::<Vec<_>>());
        let files = list(&self.revocations.iter().map(|path| path.to_string_lossy().into_owned()).collect::<Vec<_>>());
        let mut text = format!(
            "{HEAD}schema = {ACCESS_SCHEMA:?}\naudience = {:?}\nroots = [{roots}\n]\n{LISTS}revocations = [{files}\n]\n{STALE}stale_reads = {}\n",
            self.audience, self.stale_reads
        );
        for bundle in &self.bundles {
            let (blobs, archives) = (hex(&bundle.blobs), hex(&bundle.archives));
            let hash = bundle.capsule_hash;
            let _ = writeln!(
                text,
                "\n[[bundles]]\ncapsule_hash = \"{hash}\"\nblobs = [{blobs}\n]\narchives = [{archives}\n]"
            );
        }
        text
    }

    /// What a request for a path is about, as tokens name it; nothing where everybody may.
    ///
    /// A content of several bundles may be had by whoever may have one of them.
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
const LISTS: &str = "# Files that capseal cap revoke writes, as seen from here; read again when they change.\n";
const STALE: &str = "# Whether reading goes on without a list that is in use; creating and modifying never do.\n";

/// The resource that stands for everything of a bundle.
pub fn of_bundle(capsule_hash: &Digest) -> Resource {
    let below = Resource::new(format!("bundle/{capsule_hash}/*"));
    below.unwrap_or_else(|| unreachable!("hexadecimal digits are a segment"))
}

fn parsed<E: serde::de::Error, T>(text: &str, read: fn(&str) -> Option<T>, expected: &str) -> Result<T, E> {
    read(text).ok_or_else(|| E::custom(format_args!("{text:?} is not {expected}")))
}

const DIGEST: &str = "64 lower-case hexadecimal digits";

fn digest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
    parsed(&String::deserialize(deserializer)?, Digest::from_hex, DIGEST)
}

fn digests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Digest>, D::Error> {
    Vec::<String>::deserialize(deserializer)?.iter().map(|text| parsed(text, Digest::from_hex, DIGEST)).collect()
}

fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PublicKey>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    if texts.is_empty() {
        return Err(D::Error::custom("there is no root: nobody's tokens would count"));
    }
    texts.iter().map(|text| parsed(text, PublicKey::from_hex, "a key of 66 hexadecimal digits")).collect()
}

/// An access file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessError {
    path: PathBuf,
    cause: String,
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
        access.revocations = vec!["owner.revoked".into()];
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
