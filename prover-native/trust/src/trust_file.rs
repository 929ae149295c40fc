//! Trust files on disk: read by the verifier core, changed by commands, written in one form.

use std::fmt::Write as _;

use verifier_core::trust::{Key, SCHEMA, Trust};

use capseal_host::{
    clock,
    toml_text::{list, quoted},
};

/// A trust file's text: what the core reads from it is what was put in.
pub fn text(trust: &Trust) -> String {
    let mut text = format!("{HEAD}schema = {}\n", quoted(SCHEMA));
    if trust.listed.is_some() || trust.pin.is_some() {
        text += "\n[registry]\n";
        if let Some(pin) = trust.pin {
            let _ = writeln!(text, "pin = \"{pin}\"");
        }
    }
    for key in trust.listed.iter().flat_map(|registry| &registry.keys) {
        text += &key_table(key);
    }
    for policy in &trust.policies {
        let _ = writeln!(text, "\n[[policies]]\nid = {}", quoted(&policy.id));
        let _ = writeln!(text, "signers = {}", list(&policy.signers));
        if !policy.hashes.is_empty() {
            let _ = writeln!(text, "hashes = {}", list(&policy.hashes));
        }
    }
    if let Some(root) = trust.policy_root {
        let _ = writeln!(text, "\n[policy_registry]\npin = \"{root}\"");
    }
    text
}

const HEAD: &str = "# Whom this verifier trusts, and for what (docs/spec/trust.md). Written by capseal registry, which keeps no comments.\n";

fn key_table(key: &Key) -> String {
    let purposes: Vec<&str> = key.purposes.iter().map(|purpose| purpose.name()).collect();
    format!(
        "\n[[registry.keys]]\nname = {}\nalgorithm = {}\nkey = \"{}\" # {}\npurposes = {}\nvalid_from = \"{}\"\nvalid_until = \
         \"{}\"\nstatus = \"{}\"\n",
        quoted(&key.name),
        quoted(&key.algorithm),
        key.key,
        key.key.id(),
        list(&purposes),
        moment_text(key.valid_from),
        moment_text(key.valid_until),
        key.status.name(),
    )
}

/// A moment as trust files write it: whole seconds.
pub fn moment_text(ms: u64) -> String {
    format!("{}Z", &clock::text(ms)[.."2026-01-31T12:34:56".len()])
}

#[cfg(test)]
mod tests {
    use verifier_core::{
        Digest,
        signature::{PublicKey, Purpose},
        trust::{ALGORITHM, KeyStatus, PolicyTrust, REGISTRY_SCHEMA, Registry},
    };

    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        let key = |byte: u8, status| Key {
            name: format!("\"quoted\" \\ \u{7f}\n{byte} é"),
            algorithm: ALGORITHM.to_owned(),
            key: PublicKey::new([[2].as_slice(), &[byte; 32]].concat().try_into().unwrap()),
            purposes: Purpose::ALL.to_vec(),
            valid_from: 0,
            valid_until: 253_402_300_799_000,
            status,
        };
        let keys = vec![key(1, KeyStatus::Active), key(2, KeyStatus::Revoked)];
        let some = Digest::of_content(b"some");
        let trust = Trust {
            listed: Some(Registry { schema: REGISTRY_SCHEMA.to_owned(), keys }),
            pin: Some(some),
            policies: vec![
                PolicyTrust { id: "a".to_owned(), signers: vec![some], hashes: vec![some, Digest::default()] },
                PolicyTrust { id: "b".to_owned(), signers: Vec::new(), hashes: Vec::new() },
            ],
            policy_root: Some(some),
        };
        assert_eq!(Trust::from_toml(&text(&trust)), Ok(trust));
        assert_eq!(Trust::from_toml(&text(&Trust::default())), Ok(Trust::default()));
    }
}
