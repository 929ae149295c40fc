//! Capability tokens: the vectors, the page, and that every rule is shown.

use std::{collections::BTreeSet, fs};

use capseal_tests::{capability, vectors};
use verifier_core::capability::{Outcome, Rule};

#[test]
fn every_token_gets_the_answer_that_is_expected() {
    for case in capability::cases() {
        let decision = case.decide();
        let found = decision.rule.map(|rule| (rule, decision.link));
        assert_eq!(found, case.expected.map(|(rule, link)| (rule.name(), link)), "{}: {decision:?}", case.name);
        assert_eq!(decision.outcome == Outcome::Denied, decision.reason.is_some(), "{}", case.name);
    }
}

#[test]
fn every_rule_refuses_something() {
    let shown: BTreeSet<Rule> = capability::cases().iter().filter_map(|case| Some(case.expected?.0)).collect();
    assert_eq!(shown.into_iter().collect::<Vec<_>>(), Rule::ALL);
}

#[test]
fn the_vectors_and_the_page_are_what_is_answered() {
    let names: BTreeSet<_> = capability::cases().into_iter().map(|case| case.name).collect();
    assert_eq!(names.len(), capability::cases().len(), "names are distinct");
    let written = fs::read_to_string(vectors::folder().join("capability.json")).unwrap();
    assert!(written == capability::file(), "run .ci/generate");
    assert_eq!(include_str!("../../docs/spec/capability-table.md"), capability::page(), "run .ci/generate");
}
