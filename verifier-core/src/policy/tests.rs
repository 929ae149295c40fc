use alloc::{format, string::ToString, vec, vec::Vec};

use proptest::prelude::*;

use super::*;

fn document(rules: &str) -> String {
    format!(
        "{{\"schema\":\"capseal/policy/v1\",\"policy_id\":\"p\",\"policy_version\":\"1\",\"tracks\":[{{\"track_id\":\"t\",\
         \"rules\":{rules}}}]}}"
    )
}

fn wrong(document: &str) -> String {
    Policy::read(document.as_bytes()).unwrap_err().to_string()
}

#[test]
fn errors_name_the_place_and_what_was_expected() {
    let digest = "0".repeat(64);
    for (rules, place) in [
        ("{\"forbid_everything\":true}", "tracks[0].rules.forbid_everything: expected no such key"),
        ("{\"backends\":\"geom_v1\"}", "tracks[0].rules.backends: expected an array"),
        ("{\"backends\":[\"a\",\"a\"]}", "tracks[0].rules.backends: expected an array without repetitions"),
        ("{\"programs\":[\"12\"]}", "tracks[0].rules.programs[0]: expected 64"),
        ("{\"require_claim\":\"sworn\"}", "tracks[0].rules.require_claim: expected proven or witnessed"),
        ("{\"min_security_bits\":\"100\"}", "tracks[0].rules.min_security_bits: expected an unsigned integer"),
        ("{\"forbid_gpu\":1}", "tracks[0].rules.forbid_gpu: expected true or false"),
        ("{\"image_digests\":[\"latest\"]}", "tracks[0].rules.image_digests[0]: expected sha256:"),
        ("{\"signers\":{\"allowed\":[],\"threshold\":0}}", "tracks[0].rules.signers: expected a threshold"),
        (&format!("{{\"signers\":{{\"allowed\":[\"{digest}\"],\"threshold\":2}}}}"), "tracks[0].rules.signers"),
        ("{\"signers\":{\"allowed\":[]}}", "tracks[0].rules.signers.threshold: expected a value"),
        ("[]", "tracks[0].rules: expected an object"),
    ] {
        assert!(wrong(&document(rules)).contains(place), "{rules}: {}", wrong(&document(rules)));
    }
    let good = document("{}");
    assert!(Policy::read(good.as_bytes()).is_ok());
    assert!(wrong(&good.replace("\"p\"", "\"\"")).contains("policy_id"));
    assert!(wrong(&good.replace("\"p\"", "null")).contains("cannot be read"));
    assert!(wrong(&good.replace("{\"track_id\":\"t\",\"rules\":{}}", "")).contains("tracks"));
    let track = "{\"track_id\":\"t\",\"rules\":{}}";
    assert!(wrong(&good.replace(track, &format!("{track},{track}"))).contains("tracks"));
    assert!(wrong(&document("{\"forbid_gpu\":true,\"forbid_gpu\":false}")).contains("twice"));
    assert!(wrong(&good.replace("\"1\"", "1.5")).contains("cannot be read"));
    assert!(wrong(&good.replace("\"1\"", "-1")).contains("cannot be read"));
}

#[test]
fn rules_stand_in_one_order_and_false_is_none() {
    let rules = |text: &str| -> Vec<&'static str> {
        let policy = Policy::read(document(text).as_bytes()).unwrap();
        policy.tracks[0].rules.iter().map(Rule::name).collect()
    };
    assert_eq!(
        rules("{\"forbid_gpu\":true,\"exit_codes\":[0],\"backends\":[]}"),
        ["backends", "exit_codes", "forbid_gpu"]
    );
    assert_eq!(rules("{\"forbid_gpu\":false,\"forbid_network\":false}"), [""; 0]);
}

#[test]
fn inclusion_is_of_this_policy_under_this_root() {
    let all: Vec<Digest> = (0..5_u8).map(|byte| Digest::of_content(&[byte])).collect();
    for count in 1..=all.len() {
        let mut hashes = all[..count].to_vec();
        let tree = registry_tree(&mut hashes);
        let root = *tree.root().digest();
        for hash in &hashes {
            let inclusion = Inclusion::prove(&tree, &hashes, hash).unwrap();
            assert_eq!(inclusion.verify(root, hash), Ok(()));
            assert!(inclusion.verify(root, &Digest::default()).is_err());
            assert!(inclusion.verify(Digest::default(), hash).is_err());
            let text = serde_json::to_string(&inclusion).unwrap();
            assert_eq!(Inclusion::from_json(&text).unwrap(), inclusion);
            assert!(Inclusion::from_json(&text.replace("/v1", "/v2")).is_err());
        }
        assert_eq!(Inclusion::prove(&tree, &hashes, &Digest::default()), None);
    }
    let mut twice = vec![all[0], all[0]];
    registry_tree(&mut twice);
    assert_eq!(twice.len(), 1);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Policy::read(&bytes);
    }

    #[test]
    fn no_changed_document_panics(at in 0_usize..120, byte in any::<u8>()) {
        let mut bytes = document("{\"signers\":{\"allowed\":[],\"threshold\":1},\"inputs\":[]}").into_bytes();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        let _ = Policy::read(&bytes);
    }
}
