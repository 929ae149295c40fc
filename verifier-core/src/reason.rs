//! Reason codes (spec: `docs/spec/reasons.md`): why a receipt was not accepted.
//!
//! Stable: a number or name is never changed and never reused; new ones are appended. The table below is the only one;
//! the TypeScript union and the spec page are generated from it.

use serde::{Serialize, Serializer};

/// What the command line exits with, by the kind of failure.
///
/// # Units
/// A process exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitCode {
    /// Accepted at the level that was asked for.
    Verified = 0,
    /// The proof is missing, malformed or invalid.
    Proof = 10,
    /// Policy, authorship, or a level that cannot be reached.
    Policy = 11,
    /// A commitment or binding does not hold.
    Commitment = 12,
    /// Availability could not be shown.
    Availability = 13,
    /// A replay came to another result.
    Replay = 14,
    /// The bytes are not a receipt.
    Malformed = 20,
}

impl ExitCode {
    /// The number.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

macro_rules! reasons {
    ($($number:literal $variant:ident $name:literal $exit:ident $meaning:literal;)*) => {
        /// A reason code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ReasonCode {
            $(#[doc = $meaning] $variant,)*
        }

        impl ReasonCode {
            /// Every code, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The number, as in `E054`.
            pub const fn number(self) -> u16 {
                match self { $(Self::$variant => $number,)* }
            }

            /// The stable name, as in `E054_PROOF_VERIFICATION_FAILED`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The exit status that goes with the code.
            pub const fn exit_code(self) -> ExitCode {
                match self { $(Self::$variant => ExitCode::$exit,)* }
            }

            /// One plain sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

reasons! {
    1 UnsupportedEncoding "E001_UNSUPPORTED_ENCODING" Malformed "The file uses an encoding that receipts do not use.";
    2 ParseFailed "E002_PARSE_FAILED" Malformed "The bytes cannot be read as the format that they claim to be.";
    3 SchemaUnsupported "E003_SCHEMA_UNSUPPORTED" Malformed "A schema, version or key is unknown to this verifier.";
    4 CanonicalizationFailed "E004_CANONICALIZATION_FAILED" Malformed "The content has more than one spelling, and this is not the canonical one.";
    5 LimitExceeded "E005_LIMIT_EXCEEDED" Malformed "A size or count is over the verifier's limit.";
    6 EntryNameInvalid "E006_ENTRY_NAME_INVALID" Malformed "An entry's name is not one that a receipt may contain.";
    7 EntryDuplicate "E007_ENTRY_DUPLICATE" Malformed "Two entries of the receipt have the same name.";
    8 EntryLayoutInvalid "E008_ENTRY_LAYOUT_INVALID" Malformed "Entries overlap, leave gaps, do not match their checksums, or contradict the directory.";
    9 EntryUnexpected "E009_ENTRY_UNEXPECTED" Malformed "The receipt carries an entry that nothing in it accounts for.";
    10 CapsuleHashMissing "E010_CAPSULE_HASH_MISSING" Commitment "The capsule does not state its identity.";
    11 CapsuleHashMismatch "E011_CAPSULE_HASH_MISMATCH" Commitment "The capsule's identity is not the hash of its content, or not the one expected.";
    12 CapsuleHeaderMissing "E012_CAPSULE_HEADER_MISSING" Commitment "The capsule has no header.";
    13 CapsuleHeaderMismatch "E013_CAPSULE_HEADER_MISMATCH" Commitment "The header does not match what it commits to.";
    14 InstanceHashMismatch "E014_INSTANCE_HASH_MISMATCH" Commitment "The instance hash is not that of the statement and its parameters.";
    15 ClaimMismatch "E015_CLAIM_MISMATCH" Commitment "The claim and the statement do not say the same.";
    20 SignatureMissing "E020_SIGNATURE_MISSING" Policy "A signature is required and there is none.";
    21 SignatureInvalid "E021_SIGNATURE_INVALID" Policy "A signature does not verify.";
    22 SignerNotAuthorized "E022_SIGNER_NOT_AUTHORIZED" Policy "The signer may not seal under this policy.";
    23 SignerRevoked "E023_SIGNER_REVOKED" Policy "The signer's key was revoked.";
    24 SignerNotValid "E024_SIGNER_NOT_VALID" Policy "The signer's key is not valid at the time of the verification.";
    25 SignerPurposeWrong "E025_SIGNER_PURPOSE_WRONG" Policy "The signer's key is not for this purpose.";
    30 PolicyIdMissing "E030_POLICY_ID_MISSING" Policy "The receipt names no policy.";
    31 PolicyVersionMissing "E031_POLICY_VERSION_MISSING" Policy "The receipt names no policy version.";
    32 PolicyUnknown "E032_POLICY_UNKNOWN" Policy "The policy is not known to the verifier.";
    33 PolicyHashMismatch "E033_POLICY_HASH_MISMATCH" Policy "The policy document is not the one that was pinned.";
    34 PolicyNotInRegistry "E034_POLICY_NOT_IN_REGISTRY" Policy "The policy is not in the pinned registry.";
    36 PolicyDocumentMissing "E036_POLICY_DOCUMENT_MISSING" Policy "The policy document is missing.";
    50 ProofMissing "E050_PROOF_MISSING" Proof "The backend proves execution, and there is no proof.";
    51 ProofFormatMissing "E051_PROOF_FORMAT_MISSING" Proof "The proof's format is not stated, or not known.";
    52 ProofHashMismatch "E052_PROOF_HASH_MISMATCH" Proof "The proof is not the one that the capsule commits to.";
    53 ProofStatementMismatch "E053_PROOF_STATEMENT_MISMATCH" Proof "The statement is not one that this proof system can prove.";
    54 ProofVerificationFailed "E054_PROOF_VERIFICATION_FAILED" Proof "The proof does not show that the statement holds.";
    55 NovaStateMismatch "E055_NOVA_STATE_MISMATCH" Proof "A folded state does not match (reserved).";
    56 ProofMalformed "E056_PROOF_MALFORMED" Proof "The proof's bytes do not have the one shape that this statement allows.";
    57 ProofRemainderMismatch "E057_PROOF_REMAINDER_MISMATCH" Proof "The proof's last polynomial is not the one that it committed to.";
    58 ProofTraceRootMismatch "E058_PROOF_TRACE_ROOT_MISMATCH" Proof "The proof is about another trace than the statement.";
    60 RowIndexCommitmentMissing "E060_ROW_INDEX_COMMITMENT_MISSING" Commitment "The archive has no commitment.";
    61 RowIndexCommitmentInvalidFormat "E061_ROW_INDEX_COMMITMENT_INVALID_FORMAT" Commitment "The archive's commitment is of an unknown form.";
    62 RowArchiveMissing "E062_ROW_ARCHIVE_MISSING" Commitment "An artifact that the receipt should carry is missing.";
    63 ChunkRootsDigestMismatch "E063_CHUNK_ROOTS_DIGEST_MISMATCH" Commitment "The archive's root is not the one committed to.";
    64 MerkleProofInvalid "E064_MERKLE_PROOF_INVALID" Commitment "A Merkle opening does not lead to the root.";
    65 ChunkRootMismatch "E065_CHUNK_ROOT_MISMATCH" Commitment "A chunk's root is not the one committed to.";
    66 ChunkLengthInvalid "E066_CHUNK_LENGTH_INVALID" Commitment "A chunk or the archive has another length than stated.";
    67 ArtifactHashMismatch "E067_ARTIFACT_HASH_MISMATCH" Commitment "An artifact's content is not what its name says.";
    68 RowCheckMismatch "E068_ROW_CHECK_MISMATCH" Commitment "A row of the archive does not match the sketch.";
    70 DaModeUnsupported "E070_DA_MODE_UNSUPPORTED" Availability "The availability mode is not supported.";
    71 DaChallengeMissing "E071_DA_CHALLENGE_MISSING" Availability "There is no availability challenge.";
    72 DaChallengeHashMismatch "E072_DA_CHALLENGE_HASH_MISMATCH" Availability "The availability challenge is not the one committed to.";
    73 DaChallengeUntrusted "E073_DA_CHALLENGE_UNTRUSTED" Availability "The availability challenge was not issued by a trusted relay.";
    74 AvailabilityFailed "E074_AVAILABILITY_FAILED" Availability "Sampled rows could not be fetched.";
    75 ChunkHandleInvalid "E075_CHUNK_HANDLE_INVALID" Commitment "A chunk's handle is invalid.";
    76 ChunkCardinalityMismatch "E076_CHUNK_CARDINALITY_MISMATCH" Commitment "The archive has another number of chunks than stated.";
    77 DaChallengeBindingInvalid "E077_DA_CHALLENGE_BINDING_INVALID" Availability "The availability challenge is bound to another receipt.";
    78 DaChallengeUntimely "E078_DA_CHALLENGE_UNTIMELY" Availability "The availability challenge or attestation is too early or too late.";
    79 DaBitsTooFew "E079_DA_BITS_TOO_FEW" Availability "Fewer bits were sampled than the verifier asks for.";
    80 ReplayImpossible "E080_REPLAY_IMPOSSIBLE" Replay "What is needed to run it again is not here.";
    81 ReplayExitDiverged "E081_REPLAY_EXIT_DIVERGED" Replay "Run again, it ended in another way.";
    82 ReplayOutputDiverged "E082_REPLAY_OUTPUT_DIVERGED" Replay "Run again, it gave another output.";
    83 ReplayEventDiverged "E083_REPLAY_EVENT_DIVERGED" Replay "Run again, something else happened than the record says.";
    101 PolicyViolationForbidGpu "E101_POLICY_VIOLATION_FORBID_GPU" Policy "The policy forbids a GPU, and the run had one.";
    102 PolicyMissingPublicOutput "E102_POLICY_MISSING_PUBLIC_OUTPUT" Policy "A public output that the policy requires is missing.";
    103 PolicyTrackUnknown "E103_POLICY_TRACK_UNKNOWN" Policy "The policy has no such track.";
    104 PolicyManifestMissing "E104_POLICY_MANIFEST_MISSING" Policy "A manifest that the policy requires is missing.";
    105 PolicyDockerDigestMissing "E105_POLICY_DOCKER_DIGEST_MISSING" Policy "The image digest that the policy pins is missing.";
    106 ManifestSignatureMissing "E106_MANIFEST_SIGNATURE_MISSING" Policy "The manifests are not signed.";
    107 ManifestSignatureInvalid "E107_MANIFEST_SIGNATURE_INVALID" Policy "The manifests' signature does not verify.";
    108 ManifestSignerUntrusted "E108_MANIFEST_SIGNER_UNTRUSTED" Policy "The manifests' signer is not trusted.";
    109 ManifestRegistryMismatch "E109_MANIFEST_REGISTRY_MISMATCH" Policy "The signer registry is not the one that was pinned.";
    110 PolicyBackendNotAllowed "E110_POLICY_BACKEND_NOT_ALLOWED" Policy "The policy does not allow this backend.";
    111 PolicyClaimClassTooLow "E111_POLICY_CLAIM_CLASS_TOO_LOW" Policy "The policy requires a proven claim, and this one is witnessed.";
    112 PolicySecurityTooLow "E112_POLICY_SECURITY_TOO_LOW" Policy "The proof has fewer bits of security than the policy requires.";
    113 PolicyProgramNotAllowed "E113_POLICY_PROGRAM_NOT_ALLOWED" Policy "The run executed code that the policy does not list.";
    114 PolicyInputNotAllowed "E114_POLICY_INPUT_NOT_ALLOWED" Policy "The run read an input that the policy does not list.";
    115 PolicyExitNotAllowed "E115_POLICY_EXIT_NOT_ALLOWED" Policy "The run ended in a way that the policy does not allow.";
    116 PolicyCaptureNotAllowed "E116_POLICY_CAPTURE_NOT_ALLOWED" Policy "The run was not captured in the way that the policy requires.";
    117 PolicyTooOld "E117_POLICY_TOO_OLD" Policy "The run is older than the policy allows, or has no time that can be judged.";
    118 PolicyEnvironmentNotAllowed "E118_POLICY_ENVIRONMENT_NOT_ALLOWED" Policy "An environment variable is recorded that the policy does not allow.";
    119 PolicyNetworkUsed "E119_POLICY_NETWORK_USED" Policy "The policy forbids the network, and nothing shows that it was not used.";
    120 PolicyBuildNotDeterministic "E120_POLICY_BUILD_NOT_DETERMINISTIC" Policy "The policy requires a deterministic build, and nothing shows that this is one.";
    121 PolicySignersTooFew "E121_POLICY_SIGNERS_TOO_FEW" Policy "Fewer of the policy's signers have signed than it requires.";
    122 PolicyObligationUnmet "E122_POLICY_OBLIGATION_UNMET" Policy "A check that the policy requires is not shown to have passed.";
    123 PolicyCaptureNoteNotAllowed "E123_POLICY_CAPTURE_NOTE_NOT_ALLOWED" Policy "The capture missed something that the policy does not allow it to miss, or does not state what it missed.";
    201 EventLogMismatch "E201_EVENT_LOG_MISMATCH" Commitment "The event log is not the one committed to, or contradicts the claim.";
    202 CheckpointMismatch "E202_CHECKPOINT_MISMATCH" Commitment "The log does not extend the checkpoint: it was cut, changed, or is another log.";
    203 CheckpointMalformed "E203_CHECKPOINT_MALFORMED" Malformed "The checkpoint or the key is not of its format.";
    204 CheckpointUntrusted "E204_CHECKPOINT_UNTRUSTED" Policy "No trusted key signed the checkpoint.";
    205 LogNotSealed "E205_LOG_NOT_SEALED" Policy "The log must be closed, and is not.";
    206 ObligationMalformed "E206_OBLIGATION_MALFORMED" Malformed "An obligation is not of its schema.";
    207 ObligationViolated "E207_OBLIGATION_VIOLATED" Policy "Something that had to be checked does not hold.";
    208 ObligationIncomplete "E208_OBLIGATION_INCOMPLETE" Policy "Something that had to be checked was not shown to hold.";
    209 CheckpointUnwitnessed "E209_CHECKPOINT_UNWITNESSED" Policy "Fewer witnesses than required have cosigned the checkpoint.";
    301 ProofSystemMismatch "E301_PROOF_SYSTEM_MISMATCH" Commitment "The backend, circuit or parameter set is not one that this verifier pins.";
    302 VerificationProfileUnsatisfied "E302_VERIFICATION_PROFILE_UNSATISFIED" Policy "The level asked for cannot be reached.";
    303 ExitNotAsRequired "E303_EXIT_NOT_AS_REQUIRED" Policy "The program did not end with the exit code that the verifier requires.";
    601 CapabilityMissing "E601_CAPABILITY_MISSING" Policy "A capability token is required and there is none.";
    602 CapabilityMalformed "E602_CAPABILITY_MALFORMED" Malformed "The capability token is not of its format.";
    603 CapabilitySignatureInvalid "E603_CAPABILITY_SIGNATURE_INVALID" Policy "A link of the token is not signed by its issuer.";
    604 CapabilityRootUntrusted "E604_CAPABILITY_ROOT_UNTRUSTED" Policy "The token does not start with an issuer that is trusted.";
    605 CapabilityParentMismatch "E605_CAPABILITY_PARENT_MISMATCH" Policy "A link is not bound to the link before it.";
    606 CapabilityIssuerMismatch "E606_CAPABILITY_ISSUER_MISMATCH" Policy "A link was not issued by whom the link before it was issued to.";
    607 CapabilityPermissionsWidened "E607_CAPABILITY_PERMISSIONS_WIDENED" Policy "A link permits what the link before it does not.";
    608 CapabilityResourcesWidened "E608_CAPABILITY_RESOURCES_WIDENED" Policy "A link is about resources that the link before it is not about.";
    609 CapabilityExpiryExtended "E609_CAPABILITY_EXPIRY_EXTENDED" Policy "A link expires after the link before it.";
    610 CapabilityStartAdvanced "E610_CAPABILITY_START_ADVANCED" Policy "A link is valid earlier than the link before it.";
    611 CapabilityAudienceWidened "E611_CAPABILITY_AUDIENCE_WIDENED" Policy "A link is for an audience that the link before it is not for.";
    612 CapabilityDepthExceeded "E612_CAPABILITY_DEPTH_EXCEEDED" Policy "A link may not be delegated that far.";
    613 CapabilityLevelLowered "E613_CAPABILITY_LEVEL_LOWERED" Policy "A link asks for a lower level than the link before it.";
    614 CapabilityLimitRaised "E614_CAPABILITY_LIMIT_RAISED" Policy "A link allows more bytes than the link before it.";
    615 CapabilityExpired "E615_CAPABILITY_EXPIRED" Policy "The token has expired.";
    616 CapabilityNotYetValid "E616_CAPABILITY_NOT_YET_VALID" Policy "The token is not valid yet.";
    617 CapabilityRevoked "E617_CAPABILITY_REVOKED" Policy "A link of the token was revoked.";
    618 RevocationStale "E618_REVOCATION_STALE" Policy "Whether the token was revoked is not known: there is no list that is fresh.";
    619 RevocationInvalid "E619_REVOCATION_INVALID" Malformed "A revocation list is not of its format, or not signed by its issuer.";
    620 RevocationRollback "E620_REVOCATION_ROLLBACK" Policy "A revocation list is older than one that was seen before.";
    621 CapabilityAudienceWrong "E621_CAPABILITY_AUDIENCE_WRONG" Policy "The token is for another audience.";
    622 PossessionMissing "E622_POSSESSION_MISSING" Policy "A proof that the token's holder asks is required and there is none.";
    623 PossessionInvalid "E623_POSSESSION_INVALID" Policy "The proof of possession is not of its format, or not signed by the token's holder.";
    624 PossessionMismatch "E624_POSSESSION_MISMATCH" Policy "The proof of possession is for another request.";
    625 PossessionStale "E625_POSSESSION_STALE" Policy "The proof of possession was not made within the last minute.";
    626 PossessionReplayed "E626_POSSESSION_REPLAYED" Policy "The proof of possession was used before.";
    627 CapabilityPermissionDenied "E627_CAPABILITY_PERMISSION_DENIED" Policy "The token does not permit what is asked for.";
    628 CapabilityResourceDenied "E628_CAPABILITY_RESOURCE_DENIED" Policy "The token is not about what is asked for.";
    629 CapabilityLevelTooLow "E629_CAPABILITY_LEVEL_TOO_LOW" Policy "The token asks for a higher level than the request is made at.";
    630 CapabilityLimitExceeded "E630_CAPABILITY_LIMIT_EXCEEDED" Policy "More bytes are asked for than the token allows.";
}

impl Serialize for ReasonCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn numbers_ascend_and_names_carry_them() {
        assert!(ReasonCode::ALL.is_sorted_by(|a, b| a.number() < b.number()));
        for code in ReasonCode::ALL {
            assert!(code.name().starts_with(&format!("E{:03}_", code.number())));
        }
    }
}
