use alloc::{format, string::String};

use super::*;

const KEY: &str = "020000000000000000000000000000000000000000000000000000000000000001";
const OTHER: &str = "030000000000000000000000000000000000000000000000000000000000000001";

fn table(key: &str) -> String {
    format!(
        "[[registry.keys]]\nname = \"k\"\nalgorithm = \"ES256K\"\nkey = \"{key}\"\npurposes = [\"manifests\", \"authorship\"]\n\
         valid_from = \"2026-01-01T00:00:00Z\"\nvalid_until = \"2027-01-01T00:00:00Z\"\nstatus = \"active\"\n"
    )
}

fn file(body: &str) -> String {
    format!("schema = \"capseal/trust/v1\"\n{body}")
}

fn read(body: &str) -> Result<Trust, TrustError> {
    Trust::from_toml(&file(body))
}

#[test]
fn the_root_is_of_the_keys_and_not_of_their_spelling() {
    let root = |body: &str| read(body).unwrap().listed.unwrap().root();
    let both = root(&format!("{}{}", table(KEY), table(OTHER)));
    assert_eq!(both, root(&format!("# a comment\n{}{}", table(OTHER), table(KEY))));
    assert_eq!(
        both,
        root(&format!(
            "{}{}",
            table(KEY).replace("\"manifests\", \"authorship\"", "\"authorship\",\"manifests\""),
            table(OTHER)
        ))
    );
    for changed in [
        table(KEY),
        table(KEY).replace("\"k\"", "\"j\""),
        table(KEY).replace("2026-", "2025-"),
        table(KEY).replace("2027-", "2028-"),
        table(KEY).replace("active", "revoked"),
        table(KEY).replace("\"manifests\", ", ""),
    ] {
        assert_ne!(both, root(&changed));
    }
}

#[test]
fn what_is_not_a_trust_file_is_refused_with_its_place() {
    let wrong = |body: &str| format!("{}", read(body).unwrap_err());
    assert!(Trust::from_toml("").is_err());
    assert!(Trust::from_toml("schema = \"capseal/trust/v2\"").is_err());
    assert!(wrong("note = 1").contains("note"));
    assert!(wrong(&table(KEY).replace("status", "state")).contains("state"));
    assert!(wrong(&format!("{}{}", table(KEY), table(KEY))).contains("twice"));
    for (from, to, place) in [
        ("ES256K", "ES256", "registry.keys[0].algorithm"),
        (KEY, "02", "registry.keys[0].key"),
        (KEY, "040000000000000000000000000000000000000000000000000000000000000001", "registry.keys[0].key"),
        ("\"authorship\"", "\"everything\"", "registry.keys[0].purposes"),
        ("\"authorship\"", "\"manifests\"", "registry.keys[0].purposes"),
        ("2026-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "registry.keys[0].valid_from"),
        ("2027-01-01T00:00:00Z", "2027-01-01", "registry.keys[0].valid_until"),
        ("active", "Active", "registry.keys[0].status"),
    ] {
        assert!(wrong(&table(KEY).replace(from, to)).contains(place), "{place}");
    }
    assert!(wrong("[registry]\npin = \"12\"").contains("registry.pin"));
    assert!(wrong("[policy_registry]\npin = \"12\"").contains("policy_registry.pin"));
    let policy = "[[policies]]\nid = \"p\"\nsigners = []\n";
    assert!(wrong(&format!("{policy}{policy}")).contains("twice"));
    assert!(wrong(&policy.replace("[]", "[\"x\"]")).contains("policies[0].signers[0]"));
    assert!(wrong(&format!("{policy}hashes = [\"x\"]\n")).contains("policies[0].hashes[0]"));
}

#[test]
fn a_registry_is_used_only_under_its_pin() {
    let root = read(&table(KEY)).unwrap().listed.unwrap().root();
    let pinned = |pin: &str| read(&format!("[registry]\npin = \"{pin}\"\n{}", table(KEY))).unwrap();
    assert_eq!(read("").unwrap().registry(), Err(RegistryError::Missing));
    assert_eq!(read(&table(KEY)).unwrap().registry(), Err(RegistryError::NotPinned));
    assert!(matches!(pinned(&"0".repeat(64)).registry(), Err(RegistryError::PinMismatch { .. })));
    assert!(pinned(&format!("{root}")).registry().is_ok());
}

#[test]
fn validity_begins_with_its_first_moment_and_ends_before_its_last() {
    let trust = read(&table(KEY)).unwrap();
    let key = &trust.listed.as_ref().unwrap().keys[0];
    let (from, until) = (moment("2026-01-01T00:00:00Z").unwrap(), moment("2027-01-01T00:00:00Z").unwrap());
    for (at, found) in [
        (0, Err(Unfit::NotValidThen)),
        (from - 1, Err(Unfit::NotValidThen)),
        (from, Ok(())),
        (until - 1, Ok(())),
        (until, Err(Unfit::NotValidThen)),
        (u64::MAX, Err(Unfit::NotValidThen)),
    ] {
        assert_eq!(key.judge(Purpose::Authorship, at), found, "{at}");
    }
    let stranger = PublicKey::from_hex(OTHER).unwrap();
    assert_eq!(judge(trust.listed.as_ref().unwrap(), &stranger, Purpose::Authorship, from), Err(Unfit::Unknown));
}
