//! A relay that is killed while it registers: every commit that it acknowledged is there, none twice, and the log verifies.

use crate::support::killed::killed;

#[test]
fn a_relay_that_is_killed_keeps_what_it_acknowledged() {
    killed(10, None);
}

#[test]
#[ignore = "minutes; for changes of the register"]
fn a_relay_that_is_killed_200_times_keeps_what_it_acknowledged() {
    killed(200, None);
}
