//! The claim: this code, on these inputs, with this configuration, in this environment, gave these outputs.

use alloc::{string::String, vec::Vec};

use super::name;
use crate::{
    cbor::{Item, record},
    digest::{Digest, Tag},
};

record! {
    /// A file by its path and content.
    pub struct FileRef {
        /// Path as the capture writes it (`docs/spec/capture.md`); `/dev/stdout` and `/dev/stderr` for the streams.
        pub path: String,
        /// SHA-256 of the content.
        pub digest: Digest,
        /// Length of the content in bytes.
        pub size: u64,
    }
}

record! {
    /// Configuration: the arguments and the configuration files.
    pub struct Config {
        /// Arguments of the program, without the program itself.
        pub arguments: Vec<String>,
        /// Files named as configuration, by path.
        pub files: Vec<FileRef>,
    }
}

record! {
    /// An environment variable from the allow-list.
    pub struct Variable {
        /// Its name.
        pub name: String,
        /// Its value; absent when it was allowed but not set.
        pub value: Option<String>,
    }
}

record! {
    /// The environment: allowed variables, and the manifests by their hash.
    pub struct Environment {
        /// Variables, by name.
        pub variables: Vec<Variable>,
        /// Hash of the manifest list.
        pub manifest_hash: Digest,
    }
}

record! {
    /// How a process ended: one of the two is present.
    pub struct Exit {
        /// The exit code.
        pub code: Option<u64>,
        /// The signal that ended it.
        pub signal: Option<u64>,
    }
}

record! {
    /// What a receipt says about a run, by digest.
    pub struct Claim {
        /// What was executed, by path.
        pub code: Vec<FileRef>,
        /// What was read, by path.
        pub inputs: Vec<FileRef>,
        /// How it was configured.
        pub config: Config,
        /// Where it ran.
        pub environment: Environment,
        /// What was written, by path.
        pub outputs: Vec<FileRef>,
        /// How it ended, for a process.
        pub exit: Option<Exit>,
    }
}

impl Claim {
    /// Digest of the code section.
    pub fn code_digest(&self) -> Digest {
        Tag::CLAIM_CODE.digest(&[&self.code.encode()])
    }

    /// Digest of the inputs section.
    pub fn inputs_digest(&self) -> Digest {
        Tag::CLAIM_INPUTS.digest(&[&self.inputs.encode()])
    }

    /// Digest of the config section.
    pub fn config_digest(&self) -> Digest {
        Tag::CLAIM_CONFIG.digest(&[&self.config.encode()])
    }

    /// Digest of the environment section.
    pub fn environment_digest(&self) -> Digest {
        Tag::CLAIM_ENVIRONMENT.digest(&[&self.environment.encode()])
    }

    /// Digest of the outputs section.
    pub fn outputs_digest(&self) -> Digest {
        Tag::CLAIM_OUTPUTS.digest(&[&self.outputs.encode()])
    }

    /// Every file of the claim.
    pub fn files(&self) -> impl Iterator<Item = &FileRef> {
        self.code.iter().chain(&self.inputs).chain(&self.config.files).chain(&self.outputs)
    }

    /// Whether every section is in its one order: by path or name, none twice.
    pub fn is_sorted(&self) -> bool {
        let sections = [&self.code, &self.inputs, &self.config.files, &self.outputs];
        sections.iter().all(|files| files.is_sorted_by(|a, b| a.path < b.path))
            && self.environment.variables.is_sorted_by(|a, b| a.name < b.name)
    }

    /// The first text that is not written as `docs/spec/capture.md` writes paths, arguments and values.
    pub fn misspelt(&self) -> Option<&str> {
        let paths = self.files().map(|file| file.path.as_str()).filter(|path| !name::is_path(path));
        let variables = self.environment.variables.iter();
        let names = variables.flat_map(|variable| [Some(&variable.name), variable.value.as_ref()]).flatten();
        let texts = self.config.arguments.iter().chain(names).map(String::as_str);
        paths.chain(texts.filter(|text| name::bytes_of(text).is_none())).next()
    }
}
