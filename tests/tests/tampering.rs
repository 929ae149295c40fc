//! Action logs that were tampered with.

use capseal_tests::tampering::{Tampering, all, honest_new, honest_old, page, said};
use verifier_core::pcap::v1::Answer;

#[test]
fn the_honest_logs_are_accepted() {
    let said = said(&Tampering { name: "nothing", old: honest_old(), new: honest_new() });
    assert_eq!((said.compat, said.old, said.alone, said.anchored), (Answer::Ok, true, None, None));
}

#[test]
fn with_a_checkpoint_nothing_is_missed() {
    for tampering in all() {
        let said = said(&tampering);
        assert!(said.anchored.is_some(), "{}", tampering.name);
        // By default no less is seen than the original sees, and no more is missed in version 2 than in version 1.
        assert!(said.compat == Answer::Ok || !said.old, "{}", tampering.name);
    }
}

#[test]
fn the_page_is_what_is_said() {
    assert_eq!(include_str!("../../docs/spec/pcap-tampering.md"), page(), "run .ci/generate");
}
