//! Every sentence that a verdict says of a receipt that it does not refuse (spec: `docs/spec/sentences.md`, with the condition under
//! which each is true). What a check found wrong is told beside its reason code, whose meaning is in the table of codes.

use alloc::{format, string::String};
use core::fmt::{self, Display};

/// A number of things, in words: `1 output`, `2 outputs`.
#[derive(Clone, Copy, Debug)]
pub struct Counted(pub u64, pub &'static str);

impl Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, noun) = self;
        match (number, noun.strip_suffix('y')) {
            (1, _) => write!(f, "1 {noun}"),
            (_, Some(stem)) => write!(f, "{number} {stem}ies"),
            (_, None) => write!(f, "{number} {noun}s"),
        }
    }
}

macro_rules! sentences {
    ($($name:ident($($part:ident),*) $text:literal;)*) => {
        /// Their texts; a word in braces stands for what was found.
        pub const ALL: &[&str] = &[$($text),*];

        $(
            #[doc = $text]
            pub(crate) fn $name($($part: impl Display),*) -> String {
                format!($text)
            }
        )*
    };
}

sentences! {
    // The headline: how the run ended, what stands behind that, who signed, and the archive.
    exit_failed(code) "The program failed: it ended with exit code {code}.";
    signal_failed(signal) "The program failed: signal {signal} ended it.";
    record_intact() "The record of the run is intact; that the run took place as recorded is its maker's word.";
    program_proven(code) "A proof shows that the program, given this input, wrote this output and ended with exit code {code}.";
    demonstration_proven() "A proof shows a run of geom_v1, a demonstration machine; it runs no program of yours.";
    log_intact() "The log is intact and closed; that it tells what happened is its writers' word.";
    rules_self_reported() "Keys that you trust signed it, and rules hold that the receipt alone names.";
    rules_pinned() "Keys that you trust signed it, and the rules that you pinned hold.";
    archive_here() "Its whole archive is here.";
    archive_sampled() "Rows of its archive, drawn anew, were available.";
    archive_attested(names) "In the words of {names}, rows of its archive were available.";
    archive_committed(names) "Rows of its archive, called for by {names} at its commit, were available.";

    // Checks that passed, or were not done.
    in_canonical_form(entries) "{entries} in canonical form";
    a_capsule(backend) "a capsule of {backend}";
    the_capsule(hash) "capsule {hash}";
    claim_agrees(inputs) "{inputs} agree with the claim";
    all_bound() "statement, roots, program and parameters are bound";
    stark(work, bits, set) "a STARK over {work}: {bits} bits, proven for SHA-256 as a random oracle ({set})";
    run_not_proven() "this backend records a run and proves nothing about it";
    log_not_proven() "this backend seals a log and proves nothing about it";
    all_here(artifacts, bytes) "{artifacts}, {bytes}, all here and as committed to";
    copy_elsewhere(artifacts, bytes) "{artifacts}, {bytes}, all here and as committed to; the encoded copy was not looked at";
    not_looked_at(missing, here) "{missing} of the archive not looked at; {here} here and as committed to";
    log_agrees(events) "{events}, chained; the last agrees with the claim";
    log_closed(entries, obligations) "{entries}, chained and closed; {obligations} among them";
    no_log() "this backend keeps no event log";
    not_signed() "the receipt is not signed";
    signed_with(key) "signed with the key {key}; whom to trust was not asked";
    signed_with_keys(keys) "signed with {keys}; whom to trust was not asked";
    signed_by(names) "signed by {names}";
    exit_as_required(code) "the exit code is {code}, as required; no rules were asked for";
    rules_hold(policy, version, holding, rules) "{policy} {version}: no rule fails; holding: {holding} of {rules}";
    not_asked_for() "not asked for";
    not_reached() "not reached";
    complete() "complete: every artifact is in the receipt and was checked";
    live(samples, rows, bits) "live: {samples} of {rows}, drawn anew, were available and hold; with too few rows left, a chance of at most 2^-{bits}";
    attested(names, samples, rows, bits) "attested, in the words of {names}: at least {samples} of {rows} were sampled ({bits} bits, if so); this verifier saw none";
    archival(samples, rows, names, bits) "archival: {samples} of {rows}, called for by {names} after the commit, were available and hold ({bits} bits at the commit, if {names} drew them then)";

    // What an accepted receipt does not show.
    no_program_of_yours() "That any program of yours ran: geom_v1 is a demonstration machine with fixed steps and no code of the user's.";
    soundness() "That the proof system is sound: this rests on SHA-256 as a random oracle, and on this verifier, which nobody outside of the project has audited.";
    privacy() "That the inputs stay private: the proof opens parts of the trace and is not zero-knowledge.";
    happened() "That the run happened as recorded: this is the maker's record, not a proof of execution. Where it can be run again, do so and compare.";
    logged() "That what was logged happened, or that everything that happened was logged: this is the word of whoever wrote the log.";
    only_log() "That the log is the only one of its kind: compare its identity, size and root with a checkpoint that was kept elsewhere.";
    made_up() "That this is the receipt that its maker gave out: anyone can make one like it, of things that never happened. Compare the capsule hash with one that you got from the maker.";
    nobody_signed() "Who made the receipt, and when: it is not signed, and any times in it are the maker's own.";
    nobody_asked() "Who made the receipt, and when: whether you trust the keys that signed it was not asked, and any times in it are the maker's own.";
    rules_named() "That the rules are the right ones: the receipt alone names its policy, and nothing that you pinned does.";
    signers_truthful() "That the signers told the truth: manifests and times are what they say. When they signed is not shown.";
    signers_alone() "That the signers' keys were in their hands alone: that is what your trust file takes for granted.";
    observed() "That nothing else had an influence: network traffic, sockets, inherited descriptors, clocks and randomness are not recorded.";
    declared() "That nothing else was read or written: opened files were not observed, only those named by the maker are known.";
    no_notes() "That the capture was complete: the receipt states no notes about that.";
    stdin_not_kept() "What the program read from standard input: it was not a file and was not kept.";
    left_behind_ended() "What processes that the run left behind would still have done: the recorder ended them.";
    output_cut() "That the recorded output streams are complete: one was still held open when recording ended.";
    network() "What came over the network: a process made a network socket.";
    io_uring() "Which files were opened through io_uring: a process set it up, and that is not observed.";
    hidden_process() "Which files a hidden process opened: it was inaccessible to its own user, and not observed.";
    foreign_architecture() "Which files a process of another architecture opened, such as a 32-bit program: that is not observed.";
    no_new_privileges() "That programs had the privileges of an ordinary run: set-user-id programs got none while they were watched.";
    credentials_not_kept() "What the run wrote to files that may hold credentials: neither content nor digest is recorded.";
    events_summarised() "What happened in full: the timeline was too long, and from some point on events are counted and not listed.";
    inherited_descriptor() "What was read or written through files that were open before the run began: that is not recorded.";
    mount_namespace() "What was written to file systems that a process had of its own, and that are gone with them: that is not recorded.";
    runtime_by_folder() "Which of the machine's files were read: there were so many that some are listed by folder.";
    shared_memory() "What came through shared memory or message queues: that is not recorded.";
    traced_inside() "Which files were opened while a program of the run traced processes itself: some may be missing.";
    unix_socket() "What came over a Unix socket: a process connected to one or listened on one.";
    unreadable() "What a file held that the run could use and the recorder could not read: its content is not recorded.";
    untraced_process() "Which files a process opened that was started out of the tracer's sight: that is not observed.";
    other_note(note) "What the capture notes as {note}: this verifier does not know the note.";
    files_exist(missing) "That the files behind this receipt exist: {missing} of them were not looked at.";
    still_available() "That the archive is available to others or at another time: rows of it were sampled once.";
    attesters_word(names) "That the archive was available at all: this is the word of {names}, and this verifier saw no row of it.";
    known_rows() "That more of the archive exists than the rows that were asked for: they are the same for everybody, and were known since the challenge.";
    correct() "That the code is correct, or does what its name says.";
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn one_is_singular() {
        assert_eq!(Counted(1, "entry").to_string(), "1 entry");
        assert_eq!(Counted(0, "entry").to_string(), "0 entries");
        assert_eq!(Counted(2, "byte").to_string(), "2 bytes");
    }
}
