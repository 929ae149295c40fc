//! What verdicts say is what `docs/spec/sentences.md` lists, both ways.

use std::collections::BTreeSet;

use capseal_tests::vectors;
use verifier_core::{Outcome, sentence, verify};

const PAGE: &str = include_str!("../../docs/spec/sentences.md");

/// A sentence with places for what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Template(&'static str);

impl Template {
    fn is(self, text: &str) -> bool {
        let parts: Vec<&str> = self.0.split(['{', '}']).step_by(2).collect();
        let [first, between @ .., last] = &parts[..] else { return self.0 == text };
        let Some(rest) = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
        let found = between.iter().try_fold(rest, |rest, part| rest.split_once(part).map(|(_, rest)| rest));
        found.is_some_and(|rest| !rest.is_empty())
    }
}

/// The table below a heading.
fn table(heading: &str) -> Vec<Template> {
    let (_, table) = PAGE.split_once(heading).unwrap();
    let table = table.split("\n## ").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")).skip(2);
    rows.map(|row| Template(row.split(" | ").next().unwrap())).collect()
}

fn tables() -> [Vec<Template>; 3] {
    ["## The headline", "## Checks that", "## What an accepted"].map(table)
}

/// The sentences that a headline is made of.
fn sentences(headline: &str, known: &[Template]) -> Option<Vec<Template>> {
    if headline.is_empty() {
        return Some(Vec::new());
    }
    let ends = headline.match_indices(". ").map(|(at, _)| (at + 1, at + 2)).chain([(headline.len(), headline.len())]);
    ends.into_iter().find_map(|(end, next)| {
        let first = known.iter().find(|template| template.is(&headline[..end]))?;
        let mut all = vec![*first];
        all.extend(sentences(&headline[next..], known)?);
        Some(all)
    })
}

#[test]
fn the_page_lists_the_sentences_of_the_code() {
    let stated: Vec<&str> = tables().iter().flatten().map(|template| template.0).collect();
    assert_eq!(stated, sentence::ALL);
    assert!(PAGE.lines().filter(|line| line.starts_with("| ")).all(|row| row.matches(" | ").count() == 1));
}

#[test]
fn verdicts_say_what_the_page_lists_and_all_of_it() {
    let [headlines, details, caveats] = tables();
    let mut said = BTreeSet::new();
    for vector in vectors::read(&vectors::folder()).unwrap() {
        let verdict = verify(&vector.bytes, &vector.verify_options());
        // Of two that fit, the one that says more is meant.
        let one = |text: &str, known: &[Template]| {
            let found = known.iter().filter(|template| template.is(text)).max_by_key(|template| template.0.len());
            *found.unwrap_or_else(|| panic!("{}: {text:?} is not on the page", vector.path))
        };
        let details_of = verdict.checks.iter().filter(|check| check.outcome != Outcome::Failed);
        said.extend(details_of.map(|check| one(&check.detail, &details)));
        said.extend(verdict.not_proven.iter().map(|caveat| one(caveat, &caveats)));
        match verdict.reason {
            Some(reason) => assert_eq!(verdict.headline, reason.meaning()),
            None => {
                let found = sentences(&verdict.headline, &headlines);
                said.extend(found.unwrap_or_else(|| panic!("{}: {:?}", vector.path, verdict.headline)));
            }
        }
    }
    let unsaid: Vec<_> = tables().into_iter().flatten().filter(|template| !said.contains(template)).collect();
    assert!(unsaid.is_empty(), "no vector says {unsaid:#?}");
}

#[test]
fn what_failed_is_never_concluded_a_success() {
    for vector in vectors::read(&vectors::folder()).unwrap() {
        let verdict = verify(&vector.bytes, &vector.verify_options());
        let json: serde_json::Value = serde_json::from_str(&verdict.to_json()).unwrap();
        let conclusion = json["conclusion"].as_str().unwrap();
        assert_eq!(conclusion == "refused", !verdict.is_accepted(), "{}", vector.path);
        let failed = verdict.run.as_ref().is_some_and(|run| run.exit_code != Some(0) || run.signal.is_some());
        assert_eq!(conclusion == "failed", failed, "{}", vector.path);
        assert_eq!(verdict.headline.starts_with("The program failed"), failed, "{}", vector.path);
        assert!(verdict.is_accepted() || verdict.run.is_none(), "{}", vector.path);
    }
}
