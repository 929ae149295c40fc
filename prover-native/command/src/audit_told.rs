//! `capseal audit` with what others say: a relay's challenge, attestations, and an attestation of one's own.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use clap::Args;
use verifier_core::{
    Trust, Verdict,
    availability::Availability,
    relay::{Attestation, Message},
    verify::{Attestations, Challenged, Draw},
};

use super::{
    audit::Sampling,
    output::{Failure, eprintln_line, read},
    registry::{now, read_trust},
};
use capseal_archive::bundle::Bundle;
use capseal_host::whole_file::{self, Existing};
use capseal_network::{
    http::{Bounds, Client, Credentials},
    relay::{Registered, attestations, post_attestation},
};
use capseal_trust::keys::SecretKey;

/// What others say, and whom to believe.
#[derive(Args, Debug)]
pub(super) struct Told {
    /// Ask for the rows of the relay's challenge in this file (`run.cap.commit.json`, as sealing with --relay writes it).
    #[arg(long, value_name = "FILE", requires = "trust", conflicts_with_all = ["attestation", "attest"])]
    challenge: Option<PathBuf>,
    /// An attestation; again for each further one. No rows are asked for.
    #[arg(long, value_name = "FILE", requires = "trust", conflicts_with = "attest")]
    attestation: Vec<PathBuf>,
    /// A relay: where attestations are looked for, or where one's own is posted.
    #[arg(long, value_name = "URL")]
    relay: Option<String>,
    /// How many trusted keys have to attest.
    #[arg(long, value_name = "COUNT", default_value_t = NonZeroU32::MIN)]
    threshold: NonZeroU32,
    /// How many hours old an attestation may be; any age when not named.
    #[arg(long, value_name = "HOURS")]
    max_age: Option<u32>,
    /// Sample, and when every row was available, sign that with this key of the store (`run.cap.attestation`); with --relay, post it there.
    #[arg(long, value_name = "KEY", conflicts_with = "json")]
    pub(super) attest: Option<String>,
    /// Whom to trust for what (`capseal registry`).
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

/// What goes into the verifier's options.
#[derive(Default)]
pub(super) struct Said {
    pub(super) challenge: Option<Challenged>,
    pub(super) attestations: Option<Attestations>,
}

impl Told {
    /// Whom to trust.
    pub(super) fn trust(&self) -> Result<Option<Trust>, Failure> {
        self.trust.as_deref().map(read_trust).transpose()
    }

    /// What others say, when it was asked for; the rows of a challenge are asked of the providers.
    pub(super) fn asked(
        &self,
        receipt: &[u8],
        sampling: &Sampling,
        credentials: Option<&Credentials>,
    ) -> Result<Option<Said>, Failure> {
        if let Some(path) = &self.challenge {
            let wrong = || Failure::new(format_args!("{} is not what a relay answered", path.display()));
            let Registered { commit, challenge } = Registered::from_json(&read(path)?).ok_or_else(wrong)?;
            let answers = sampling.answer(receipt, &Draw::of_challenge(&challenge)?, credentials)?.answers;
            let (commit, challenge) = (Some(commit), Some(challenge));
            let challenge = Some(Challenged { commit, challenge, bits: sampling.bits(), answers });
            return Ok(Some(Said { challenge, ..Said::default() }));
        }
        if self.attest.is_some() || (self.attestation.is_empty() && self.relay.is_none()) {
            return Ok(None);
        }
        let mut given = self.attestation.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
        if let Some(url) = &self.relay
            && let Some(commit) = Bundle::open(receipt, None)?.capsule().relay_commit()
        {
            given.extend(attestations(&Client::new(url, Bounds::DEFAULT)?, &commit.header_commit_hash)?);
        }
        let max_age_ms = self.max_age.map(|hours| u64::from(hours) * 60 * 60 * 1000);
        let bits = sampling.bits();
        let attestations = Some(Attestations { threshold: self.threshold, bits, max_age_ms, given });
        Ok(Some(Said { attestations, ..Said::default() }))
    }

    /// Signs that rows were available, keeps it beside the receipt, and posts it.
    pub(super) fn attest(
        &self,
        path: &Path,
        receipt: &[u8],
        key: &SecretKey,
        verdict: &Verdict,
    ) -> Result<(), Failure> {
        let bundle = Bundle::open(receipt, None)?;
        let (Some(Availability::Live { samples, .. }), Some(commit)) =
            (&verdict.availability, bundle.capsule().relay_commit())
        else {
            return Err(Failure::new("there is nothing to attest: no rows were sampled, or not all were available"));
        };
        let attestation = Attestation {
            schema: Attestation::SCHEMA.to_owned(),
            header_commit_hash: commit.header_commit_hash,
            da_hash: commit.da_hash,
            sampled_at: now(),
            samples: (*samples).into(),
        };
        let message = key.sign_message(&attestation)?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".attestation");
        let beside = PathBuf::from(beside);
        whole_file::write(&beside, Existing::Replace, &message)?;
        eprintln_line(format_args!("\n  attested in {}", beside.display()));
        if let Some(url) = &self.relay {
            post_attestation(&Client::new(url, Bounds::DEFAULT)?, &commit.header_commit_hash, &message)?;
            eprintln_line(format_args!("  posted to {url}"));
        }
        Ok(())
    }
}
