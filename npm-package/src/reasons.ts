// Generated from verifier-core/src/reason.rs by npm-package/scripts/reasons.mjs. Do not edit.

/** Why a receipt is not accepted. Stable: codes are appended, never renumbered and never reused. */
export type ReasonCode =
  | "E001_UNSUPPORTED_ENCODING"
  | "E002_PARSE_FAILED"
  | "E003_SCHEMA_UNSUPPORTED"
  | "E004_CANONICALIZATION_FAILED"
  | "E005_LIMIT_EXCEEDED"
  | "E006_ENTRY_NAME_INVALID"
  | "E007_ENTRY_DUPLICATE"
  | "E008_ENTRY_LAYOUT_INVALID"
  | "E009_ENTRY_UNEXPECTED"
  | "E010_CAPSULE_HASH_MISSING"
  | "E011_CAPSULE_HASH_MISMATCH"
  | "E012_CAPSULE_HEADER_MISSING"
  | "E013_CAPSULE_HEADER_MISMATCH"
  | "E014_INSTANCE_HASH_MISMATCH"
  | "E015_CLAIM_MISMATCH"
  | "E020_SIGNATURE_MISSING"
  | "E021_SIGNATURE_INVALID"
  | "E022_SIGNER_NOT_AUTHORIZED"
  | "E023_SIGNER_REVOKED"
  | "E024_SIGNER_NOT_VALID"
  | "E025_SIGNER_PURPOSE_WRONG"
  | "E030_POLICY_ID_MISSING"
  | "E031_POLICY_VERSION_MISSING"
  | "E032_POLICY_UNKNOWN"
  | "E033_POLICY_HASH_MISMATCH"
  | "E034_POLICY_NOT_IN_REGISTRY"
  | "E036_POLICY_DOCUMENT_MISSING"
  | "E050_PROOF_MISSING"
  | "E051_PROOF_FORMAT_MISSING"
  | "E052_PROOF_HASH_MISMATCH"
  | "E053_PROOF_STATEMENT_MISMATCH"
  | "E054_PROOF_VERIFICATION_FAILED"
  | "E055_NOVA_STATE_MISMATCH"
  | "E056_PROOF_MALFORMED"
  | "E057_PROOF_REMAINDER_MISMATCH"
  | "E058_PROOF_TRACE_ROOT_MISMATCH"
  | "E060_ROW_INDEX_COMMITMENT_MISSING"
  | "E061_ROW_INDEX_COMMITMENT_INVALID_FORMAT"
  | "E062_ROW_ARCHIVE_MISSING"
  | "E063_CHUNK_ROOTS_DIGEST_MISMATCH"
  | "E064_MERKLE_PROOF_INVALID"
  | "E065_CHUNK_ROOT_MISMATCH"
  | "E066_CHUNK_LENGTH_INVALID"
  | "E067_ARTIFACT_HASH_MISMATCH"
  | "E068_ROW_CHECK_MISMATCH"
  | "E070_DA_MODE_UNSUPPORTED"
  | "E071_DA_CHALLENGE_MISSING"
  | "E072_DA_CHALLENGE_HASH_MISMATCH"
  | "E073_DA_CHALLENGE_UNTRUSTED"
  | "E074_AVAILABILITY_FAILED"
  | "E075_CHUNK_HANDLE_INVALID"
  | "E076_CHUNK_CARDINALITY_MISMATCH"
  | "E077_DA_CHALLENGE_BINDING_INVALID"
  | "E078_DA_CHALLENGE_UNTIMELY"
  | "E079_DA_BITS_TOO_FEW"
  | "E080_REPLAY_IMPOSSIBLE"
  | "E081_REPLAY_EXIT_DIVERGED"
  | "E082_REPLAY_OUTPUT_DIVERGED"
  | "E083_REPLAY_EVENT_DIVERGED"
  | "E101_POLICY_VIOLATION_FORBID_GPU"
  | "E102_POLICY_MISSING_PUBLIC_OUTPUT"
  | "E103_POLICY_TRACK_UNKNOWN"
  | "E104_POLICY_MANIFEST_MISSING"
  | "E105_POLICY_DOCKER_DIGEST_MISSING"
  | "E106_MANIFEST_SIGNATURE_MISSING"
  | "E107_MANIFEST_SIGNATURE_INVALID"
  | "E108_MANIFEST_SIGNER_UNTRUSTED"
  | "E109_MANIFEST_REGISTRY_MISMATCH"
  | "E110_POLICY_BACKEND_NOT_ALLOWED"
  | "E111_POLICY_CLAIM_CLASS_TOO_LOW"
  | "E112_POLICY_SECURITY_TOO_LOW"
  | "E113_POLICY_PROGRAM_NOT_ALLOWED"
  | "E114_POLICY_INPUT_NOT_ALLOWED"
  | "E115_POLICY_EXIT_NOT_ALLOWED"
  | "E116_POLICY_CAPTURE_NOT_ALLOWED"
  | "E117_POLICY_TOO_OLD"
  | "E118_POLICY_ENVIRONMENT_NOT_ALLOWED"
  | "E119_POLICY_NETWORK_USED"
  | "E120_POLICY_BUILD_NOT_DETERMINISTIC"
  | "E121_POLICY_SIGNERS_TOO_FEW"
  | "E122_POLICY_OBLIGATION_UNMET"
  | "E123_POLICY_CAPTURE_NOTE_NOT_ALLOWED"
  | "E201_EVENT_LOG_MISMATCH"
  | "E202_CHECKPOINT_MISMATCH"
  | "E203_CHECKPOINT_MALFORMED"
  | "E204_CHECKPOINT_UNTRUSTED"
  | "E205_LOG_NOT_SEALED"
  | "E206_OBLIGATION_MALFORMED"
  | "E207_OBLIGATION_VIOLATED"
  | "E208_OBLIGATION_INCOMPLETE"
  | "E209_CHECKPOINT_UNWITNESSED"
  | "E301_PROOF_SYSTEM_MISMATCH"
  | "E302_VERIFICATION_PROFILE_UNSATISFIED"
  | "E303_EXIT_NOT_AS_REQUIRED"
  | "E601_CAPABILITY_MISSING"
  | "E602_CAPABILITY_MALFORMED"
  | "E603_CAPABILITY_SIGNATURE_INVALID"
  | "E604_CAPABILITY_ROOT_UNTRUSTED"
  | "E605_CAPABILITY_PARENT_MISMATCH"
  | "E606_CAPABILITY_ISSUER_MISMATCH"
  | "E607_CAPABILITY_PERMISSIONS_WIDENED"
  | "E608_CAPABILITY_RESOURCES_WIDENED"
  | "E609_CAPABILITY_EXPIRY_EXTENDED"
  | "E610_CAPABILITY_START_ADVANCED"
  | "E611_CAPABILITY_AUDIENCE_WIDENED"
  | "E612_CAPABILITY_DEPTH_EXCEEDED"
  | "E613_CAPABILITY_LEVEL_LOWERED"
  | "E614_CAPABILITY_LIMIT_RAISED"
  | "E615_CAPABILITY_EXPIRED"
  | "E616_CAPABILITY_NOT_YET_VALID"
  | "E617_CAPABILITY_REVOKED"
  | "E618_REVOCATION_STALE"
  | "E619_REVOCATION_INVALID"
  | "E620_REVOCATION_ROLLBACK"
  | "E621_CAPABILITY_AUDIENCE_WRONG"
  | "E622_POSSESSION_MISSING"
  | "E623_POSSESSION_INVALID"
  | "E624_POSSESSION_MISMATCH"
  | "E625_POSSESSION_STALE"
  | "E626_POSSESSION_REPLAYED"
  | "E627_CAPABILITY_PERMISSION_DENIED"
  | "E628_CAPABILITY_RESOURCE_DENIED"
  | "E629_CAPABILITY_LEVEL_TOO_LOW"
  | "E630_CAPABILITY_LIMIT_EXCEEDED";

/** A row of the table of reason codes. */
export interface Reason {
  name: ReasonCode;
  /** As in `E054`. */
  number: number;
  /** What the command line exits with. */
  verifier_exit_status: 10 | 11 | 12 | 13 | 14 | 20;
  /** One plain sentence. */
  meaning: string;
}

/** Every reason code, by number. */
export const reasons: readonly Reason[] = [
  { name: "E001_UNSUPPORTED_ENCODING", number: 1, verifier_exit_status: 20, meaning: "The file uses an encoding that receipts do not use." },
  { name: "E002_PARSE_FAILED", number: 2, verifier_exit_status: 20, meaning: "The bytes cannot be read as the format that they claim to be." },
  { name: "E003_SCHEMA_UNSUPPORTED", number: 3, verifier_exit_status: 20, meaning: "A schema, version or key is unknown to this verifier." },
  { name: "E004_CANONICALIZATION_FAILED", number: 4, verifier_exit_status: 20, meaning: "The content has more than one spelling, and this is not the canonical one." },
  { name: "E005_LIMIT_EXCEEDED", number: 5, verifier_exit_status: 20, meaning: "A size or count is over the verifier's limit." },
  { name: "E006_ENTRY_NAME_INVALID", number: 6, verifier_exit_status: 20, meaning: "An entry's name is not one that a receipt may contain." },
  { name: "E007_ENTRY_DUPLICATE", number: 7, verifier_exit_status: 20, meaning: "Two entries of the receipt have the same name." },
  { name: "E008_ENTRY_LAYOUT_INVALID", number: 8, verifier_exit_status: 20, meaning: "Entries overlap, leave gaps, do not match their checksums, or contradict the directory." },
  { name: "E009_ENTRY_UNEXPECTED", number: 9, verifier_exit_status: 20, meaning: "The receipt carries an entry that nothing in it accounts for." },
  { name: "E010_CAPSULE_HASH_MISSING", number: 10, verifier_exit_status: 12, meaning: "The capsule does not state its identity." },
  { name: "E011_CAPSULE_HASH_MISMATCH", number: 11, verifier_exit_status: 12, meaning: "The capsule's identity is not the hash of its content, or not the one expected." },
  { name: "E012_CAPSULE_HEADER_MISSING", number: 12, verifier_exit_status: 12, meaning: "The capsule has no header." },
  { name: "E013_CAPSULE_HEADER_MISMATCH", number: 13, verifier_exit_status: 12, meaning: "The header does not match what it commits to." },
  { name: "E014_INSTANCE_HASH_MISMATCH", number: 14, verifier_exit_status: 12, meaning: "The instance hash is not that of the statement and its parameters." },
  { name: "E015_CLAIM_MISMATCH", number: 15, verifier_exit_status: 12, meaning: "The claim and the statement do not say the same." },
  { name: "E020_SIGNATURE_MISSING", number: 20, verifier_exit_status: 11, meaning: "A signature is required and there is none." },
  { name: "E021_SIGNATURE_INVALID", number: 21, verifier_exit_status: 11, meaning: "A signature does not verify." },
  { name: "E022_SIGNER_NOT_AUTHORIZED", number: 22, verifier_exit_status: 11, meaning: "The signer may not seal under this policy." },
  { name: "E023_SIGNER_REVOKED", number: 23, verifier_exit_status: 11, meaning: "The signer's key was revoked." },
  { name: "E024_SIGNER_NOT_VALID", number: 24, verifier_exit_status: 11, meaning: "The signer's key is not valid at the time of the verification." },
  { name: "E025_SIGNER_PURPOSE_WRONG", number: 25, verifier_exit_status: 11, meaning: "The signer's key is not for this purpose." },
  { name: "E030_POLICY_ID_MISSING", number: 30, verifier_exit_status: 11, meaning: "The receipt names no policy." },
  { name: "E031_POLICY_VERSION_MISSING", number: 31, verifier_exit_status: 11, meaning: "The receipt names no policy version." },
  { name: "E032_POLICY_UNKNOWN", number: 32, verifier_exit_status: 11, meaning: "The policy is not known to the verifier." },
  { name: "E033_POLICY_HASH_MISMATCH", number: 33, verifier_exit_status: 11, meaning: "The policy document is not the one that was pinned." },
  { name: "E034_POLICY_NOT_IN_REGISTRY", number: 34, verifier_exit_status: 11, meaning: "The policy is not in the pinned registry." },
  { name: "E036_POLICY_DOCUMENT_MISSING", number: 36, verifier_exit_status: 11, meaning: "The policy document is missing." },
  { name: "E050_PROOF_MISSING", number: 50, verifier_exit_status: 10, meaning: "The backend proves execution, and there is no proof." },
  { name: "E051_PROOF_FORMAT_MISSING", number: 51, verifier_exit_status: 10, meaning: "The proof's format is not stated, or not known." },
  { name: "E052_PROOF_HASH_MISMATCH", number: 52, verifier_exit_status: 10, meaning: "The proof is not the one that the capsule commits to." },
  { name: "E053_PROOF_STATEMENT_MISMATCH", number: 53, verifier_exit_status: 10, meaning: "The statement is not one that this proof system can prove." },
  { name: "E054_PROOF_VERIFICATION_FAILED", number: 54, verifier_exit_status: 10, meaning: "The proof does not show that the statement holds." },
  { name: "E055_NOVA_STATE_MISMATCH", number: 55, verifier_exit_status: 10, meaning: "A folded state does not match (reserved)." },
  { name: "E056_PROOF_MALFORMED", number: 56, verifier_exit_status: 10, meaning: "The proof's bytes do not have the one shape that this statement allows." },
  { name: "E057_PROOF_REMAINDER_MISMATCH", number: 57, verifier_exit_status: 10, meaning: "The proof's last polynomial is not the one that it committed to." },
  { name: "E058_PROOF_TRACE_ROOT_MISMATCH", number: 58, verifier_exit_status: 10, meaning: "The proof is about another trace than the statement." },
  { name: "E060_ROW_INDEX_COMMITMENT_MISSING", number: 60, verifier_exit_status: 12, meaning: "The archive has no commitment." },
  { name: "E061_ROW_INDEX_COMMITMENT_INVALID_FORMAT", number: 61, verifier_exit_status: 12, meaning: "The archive's commitment is of an unknown form." },
  { name: "E062_ROW_ARCHIVE_MISSING", number: 62, verifier_exit_status: 12, meaning: "An artifact that the receipt should carry is missing." },
  { name: "E063_CHUNK_ROOTS_DIGEST_MISMATCH", number: 63, verifier_exit_status: 12, meaning: "The archive's root is not the one committed to." },
  { name: "E064_MERKLE_PROOF_INVALID", number: 64, verifier_exit_status: 12, meaning: "A Merkle opening does not lead to the root." },
  { name: "E065_CHUNK_ROOT_MISMATCH", number: 65, verifier_exit_status: 12, meaning: "A chunk's root is not the one committed to." },
  { name: "E066_CHUNK_LENGTH_INVALID", number: 66, verifier_exit_status: 12, meaning: "A chunk or the archive has another length than stated." },
  { name: "E067_ARTIFACT_HASH_MISMATCH", number: 67, verifier_exit_status: 12, meaning: "An artifact's content is not what its name says." },
  { name: "E068_ROW_CHECK_MISMATCH", number: 68, verifier_exit_status: 12, meaning: "A row of the archive does not match the sketch." },
  { name: "E070_DA_MODE_UNSUPPORTED", number: 70, verifier_exit_status: 13, meaning: "The availability mode is not supported." },
  { name: "E071_DA_CHALLENGE_MISSING", number: 71, verifier_exit_status: 13, meaning: "There is no availability challenge." },
  { name: "E072_DA_CHALLENGE_HASH_MISMATCH", number: 72, verifier_exit_status: 13, meaning: "The availability challenge is not the one committed to." },
  { name: "E073_DA_CHALLENGE_UNTRUSTED", number: 73, verifier_exit_status: 13, meaning: "The availability challenge was not issued by a trusted relay." },
  { name: "E074_AVAILABILITY_FAILED", number: 74, verifier_exit_status: 13, meaning: "Sampled rows could not be fetched." },
  { name: "E075_CHUNK_HANDLE_INVALID", number: 75, verifier_exit_status: 12, meaning: "A chunk's handle is invalid." },
  { name: "E076_CHUNK_CARDINALITY_MISMATCH", number: 76, verifier_exit_status: 12, meaning: "The archive has another number of chunks than stated." },
  { name: "E077_DA_CHALLENGE_BINDING_INVALID", number: 77, verifier_exit_status: 13, meaning: "The availability challenge is bound to another receipt." },
  { name: "E078_DA_CHALLENGE_UNTIMELY", number: 78, verifier_exit_status: 13, meaning: "The availability challenge or attestation is too early or too late." },
  { name: "E079_DA_BITS_TOO_FEW", number: 79, verifier_exit_status: 13, meaning: "Fewer bits were sampled than the verifier asks for." },
  { name: "E080_REPLAY_IMPOSSIBLE", number: 80, verifier_exit_status: 14, meaning: "What is needed to run it again is not here." },
  { name: "E081_REPLAY_EXIT_DIVERGED", number: 81, verifier_exit_status: 14, meaning: "Run again, it ended in another way." },
  { name: "E082_REPLAY_OUTPUT_DIVERGED", number: 82, verifier_exit_status: 14, meaning: "Run again, it gave another output." },
  { name: "E083_REPLAY_EVENT_DIVERGED", number: 83, verifier_exit_status: 14, meaning: "Run again, something else happened than the record says." },
  { name: "E101_POLICY_VIOLATION_FORBID_GPU", number: 101, verifier_exit_status: 11, meaning: "The policy forbids a GPU, and the run had one." },
  { name: "E102_POLICY_MISSING_PUBLIC_OUTPUT", number: 102, verifier_exit_status: 11, meaning: "A public output that the policy requires is missing." },
  { name: "E103_POLICY_TRACK_UNKNOWN", number: 103, verifier_exit_status: 11, meaning: "The policy has no such track." },
  { name: "E104_POLICY_MANIFEST_MISSING", number: 104, verifier_exit_status: 11, meaning: "A manifest that the policy requires is missing." },
  { name: "E105_POLICY_DOCKER_DIGEST_MISSING", number: 105, verifier_exit_status: 11, meaning: "The image digest that the policy pins is missing." },
  { name: "E106_MANIFEST_SIGNATURE_MISSING", number: 106, verifier_exit_status: 11, meaning: "The manifests are not signed." },
  { name: "E107_MANIFEST_SIGNATURE_INVALID", number: 107, verifier_exit_status: 11, meaning: "The manifests' signature does not verify." },
  { name: "E108_MANIFEST_SIGNER_UNTRUSTED", number: 108, verifier_exit_status: 11, meaning: "The manifests' signer is not trusted." },
  { name: "E109_MANIFEST_REGISTRY_MISMATCH", number: 109, verifier_exit_status: 11, meaning: "The signer registry is not the one that was pinned." },
  { name: "E110_POLICY_BACKEND_NOT_ALLOWED", number: 110, verifier_exit_status: 11, meaning: "The policy does not allow this backend." },
  { name: "E111_POLICY_CLAIM_CLASS_TOO_LOW", number: 111, verifier_exit_status: 11, meaning: "The policy requires a proven claim, and this one is witnessed." },
  { name: "E112_POLICY_SECURITY_TOO_LOW", number: 112, verifier_exit_status: 11, meaning: "The proof has fewer bits of security than the policy requires." },
  { name: "E113_POLICY_PROGRAM_NOT_ALLOWED", number: 113, verifier_exit_status: 11, meaning: "The run executed code that the policy does not list." },
  { name: "E114_POLICY_INPUT_NOT_ALLOWED", number: 114, verifier_exit_status: 11, meaning: "The run read an input that the policy does not list." },
  { name: "E115_POLICY_EXIT_NOT_ALLOWED", number: 115, verifier_exit_status: 11, meaning: "The run ended in a way that the policy does not allow." },
  { name: "E116_POLICY_CAPTURE_NOT_ALLOWED", number: 116, verifier_exit_status: 11, meaning: "The run was not captured in the way that the policy requires." },
  { name: "E117_POLICY_TOO_OLD", number: 117, verifier_exit_status: 11, meaning: "The run is older than the policy allows, or has no time that can be judged." },
  { name: "E118_POLICY_ENVIRONMENT_NOT_ALLOWED", number: 118, verifier_exit_status: 11, meaning: "An environment variable is recorded that the policy does not allow." },
  { name: "E119_POLICY_NETWORK_USED", number: 119, verifier_exit_status: 11, meaning: "The policy forbids the network, and nothing shows that it was not used." },
  { name: "E120_POLICY_BUILD_NOT_DETERMINISTIC", number: 120, verifier_exit_status: 11, meaning: "The policy requires a deterministic build, and nothing shows that this is one." },
  { name: "E121_POLICY_SIGNERS_TOO_FEW", number: 121, verifier_exit_status: 11, meaning: "Fewer of the policy's signers have signed than it requires." },
  { name: "E122_POLICY_OBLIGATION_UNMET", number: 122, verifier_exit_status: 11, meaning: "A check that the policy requires is not shown to have passed." },
  { name: "E123_POLICY_CAPTURE_NOTE_NOT_ALLOWED", number: 123, verifier_exit_status: 11, meaning: "The capture missed something that the policy does not allow it to miss, or does not state what it missed." },
  { name: "E201_EVENT_LOG_MISMATCH", number: 201, verifier_exit_status: 12, meaning: "The event log is not the one committed to, or contradicts the claim." },
  { name: "E202_CHECKPOINT_MISMATCH", number: 202, verifier_exit_status: 12, meaning: "The log does not extend the checkpoint: it was cut, changed, or is another log." },
  { name: "E203_CHECKPOINT_MALFORMED", number: 203, verifier_exit_status: 20, meaning: "The checkpoint or the key is not of its format." },
  { name: "E204_CHECKPOINT_UNTRUSTED", number: 204, verifier_exit_status: 11, meaning: "No trusted key signed the checkpoint." },
  { name: "E205_LOG_NOT_SEALED", number: 205, verifier_exit_status: 11, meaning: "The log must be closed, and is not." },
  { name: "E206_OBLIGATION_MALFORMED", number: 206, verifier_exit_status: 20, meaning: "An obligation is not of its schema." },
  { name: "E207_OBLIGATION_VIOLATED", number: 207, verifier_exit_status: 11, meaning: "Something that had to be checked does not hold." },
  { name: "E208_OBLIGATION_INCOMPLETE", number: 208, verifier_exit_status: 11, meaning: "Something that had to be checked was not shown to hold." },
  { name: "E209_CHECKPOINT_UNWITNESSED", number: 209, verifier_exit_status: 11, meaning: "Fewer witnesses than required have cosigned the checkpoint." },
  { name: "E301_PROOF_SYSTEM_MISMATCH", number: 301, verifier_exit_status: 12, meaning: "The backend, circuit or parameter set is not one that this verifier pins." },
  { name: "E302_VERIFICATION_PROFILE_UNSATISFIED", number: 302, verifier_exit_status: 11, meaning: "The level asked for cannot be reached." },
  { name: "E303_EXIT_NOT_AS_REQUIRED", number: 303, verifier_exit_status: 11, meaning: "The program did not end with the exit code that the verifier requires." },
  { name: "E601_CAPABILITY_MISSING", number: 601, verifier_exit_status: 11, meaning: "A capability token is required and there is none." },
  { name: "E602_CAPABILITY_MALFORMED", number: 602, verifier_exit_status: 20, meaning: "The capability token is not of its format." },
  { name: "E603_CAPABILITY_SIGNATURE_INVALID", number: 603, verifier_exit_status: 11, meaning: "A link of the token is not signed by its issuer." },
  { name: "E604_CAPABILITY_ROOT_UNTRUSTED", number: 604, verifier_exit_status: 11, meaning: "The token does not start with an issuer that is trusted." },
  { name: "E605_CAPABILITY_PARENT_MISMATCH", number: 605, verifier_exit_status: 11, meaning: "A link is not bound to the link before it." },
  { name: "E606_CAPABILITY_ISSUER_MISMATCH", number: 606, verifier_exit_status: 11, meaning: "A link was not issued by whom the link before it was issued to." },
  { name: "E607_CAPABILITY_PERMISSIONS_WIDENED", number: 607, verifier_exit_status: 11, meaning: "A link permits what the link before it does not." },
  { name: "E608_CAPABILITY_RESOURCES_WIDENED", number: 608, verifier_exit_status: 11, meaning: "A link is about resources that the link before it is not about." },
  { name: "E609_CAPABILITY_EXPIRY_EXTENDED", number: 609, verifier_exit_status: 11, meaning: "A link expires after the link before it." },
  { name: "E610_CAPABILITY_START_ADVANCED", number: 610, verifier_exit_status: 11, meaning: "A link is valid earlier than the link before it." },
  { name: "E611_CAPABILITY_AUDIENCE_WIDENED", number: 611, verifier_exit_status: 11, meaning: "A link is for an audience that the link before it is not for." },
  { name: "E612_CAPABILITY_DEPTH_EXCEEDED", number: 612, verifier_exit_status: 11, meaning: "A link may not be delegated that far." },
  { name: "E613_CAPABILITY_LEVEL_LOWERED", number: 613, verifier_exit_status: 11, meaning: "A link asks for a lower level than the link before it." },
  { name: "E614_CAPABILITY_LIMIT_RAISED", number: 614, verifier_exit_status: 11, meaning: "A link allows more bytes than the link before it." },
  { name: "E615_CAPABILITY_EXPIRED", number: 615, verifier_exit_status: 11, meaning: "The token has expired." },
  { name: "E616_CAPABILITY_NOT_YET_VALID", number: 616, verifier_exit_status: 11, meaning: "The token is not valid yet." },
  { name: "E617_CAPABILITY_REVOKED", number: 617, verifier_exit_status: 11, meaning: "A link of the token was revoked." },
  { name: "E618_REVOCATION_STALE", number: 618, verifier_exit_status: 11, meaning: "Whether the token was revoked is not known: there is no list that is fresh." },
  { name: "E619_REVOCATION_INVALID", number: 619, verifier_exit_status: 20, meaning: "A revocation list is not of its format, or not signed by its issuer." },
  { name: "E620_REVOCATION_ROLLBACK", number: 620, verifier_exit_status: 11, meaning: "A revocation list is older than one that was seen before." },
  { name: "E621_CAPABILITY_AUDIENCE_WRONG", number: 621, verifier_exit_status: 11, meaning: "The token is for another audience." },
  { name: "E622_POSSESSION_MISSING", number: 622, verifier_exit_status: 11, meaning: "A proof that the token's holder asks is required and there is none." },
  { name: "E623_POSSESSION_INVALID", number: 623, verifier_exit_status: 11, meaning: "The proof of possession is not of its format, or not signed by the token's holder." },
  { name: "E624_POSSESSION_MISMATCH", number: 624, verifier_exit_status: 11, meaning: "The proof of possession is for another request." },
  { name: "E625_POSSESSION_STALE", number: 625, verifier_exit_status: 11, meaning: "The proof of possession was not made within the last minute." },
  { name: "E626_POSSESSION_REPLAYED", number: 626, verifier_exit_status: 11, meaning: "The proof of possession was used before." },
  { name: "E627_CAPABILITY_PERMISSION_DENIED", number: 627, verifier_exit_status: 11, meaning: "The token does not permit what is asked for." },
  { name: "E628_CAPABILITY_RESOURCE_DENIED", number: 628, verifier_exit_status: 11, meaning: "The token is not about what is asked for." },
  { name: "E629_CAPABILITY_LEVEL_TOO_LOW", number: 629, verifier_exit_status: 11, meaning: "The token asks for a higher level than the request is made at." },
  { name: "E630_CAPABILITY_LIMIT_EXCEEDED", number: 630, verifier_exit_status: 11, meaning: "More bytes are asked for than the token allows." },
];
