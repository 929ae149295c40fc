//! The bound on samples, held against providers that lie.

use capseal_tests::sampling_bound::{lines, page, plot};

#[test]
fn no_provider_passes_oftener_than_the_bound_allows() {
    let lines = lines();
    for line in &lines {
        assert_eq!(line.good, (line.rows + line.rows / line.inverse_rate) / 2 - 1, "{line:?}");
        assert!(line.bound() <= line.simple_bound(), "{line:?}");
        // Four standard deviations; the audits are the same ones each time.
        assert!(line.deviation() < 4.0, "{line:?}: {}", line.rate());
        // That the bound is met shows that the providers are the ones it is about.
        assert!(line.deviation() > -4.0, "{line:?}: {}", line.rate());
    }
    assert_eq!(include_str!("../../docs/spec/sampling-bound.md"), page(&lines), "run .ci/generate");
    assert_eq!(include_str!("../../docs/spec/sampling-bound.svg"), plot(&lines), "run .ci/generate");
}
