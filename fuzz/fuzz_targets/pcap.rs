//! Any bytes, as everything that an action log brings along: a log of either version, read whole and in parts; a checkpoint; a proof; a COSE receipt.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verifier_core::pcap::{
    Checkpoint, CoseReceipt, Examination, Log, Note, Options, Part, Proof, TreeHead,
    obligation::Resolution,
    v1::{self, json},
    verify_log, verify_proof, verify_receipt,
};

fuzz_target!(|bytes: &[u8]| {
    log(bytes);
    old_log(bytes);
    if let Ok(receipt) = CoseReceipt::read(bytes) {
        assert_eq!(receipt.to_cose(), bytes);
    }
    let _ = verify_receipt(bytes, Some(b"{\"seq\":0}"), &Options::default());
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
        if let Ok(head) = TreeHead::parse(&note.text) {
            assert_eq!(head.to_string(), note.text);
            assert!(Checkpoint::parse(bytes).is_ok());
        }
    }
    if let Ok(text) = core::str::from_utf8(bytes) {
        let _ = verify_proof(text, &Options::default());
        if let Ok(proof) = Proof::from_json(text) {
            assert_eq!(Proof::from_json(&proof.to_json()), Ok(proof));
        }
        let _ = Options::from_json(text);
    }
});

/// Lines one by one, all at once, and in two parts give one answer.
fn log(bytes: &[u8]) {
    let report = verify_log(bytes, Options::default(), &mut |_, _| Resolution::Missing);
    let judged = report.obligations.is_some();
    let mut whole = Log::default();
    let read = whole.read(bytes);
    assert!(read.is_ok() || !judged);
    let Some(cut) = bytes[..bytes.len() / 2].iter().rposition(|byte| *byte == b'\n') else { return };
    let mut examination = Examination::new(Options::default());
    let (first, second) = bytes.split_at(cut + 1);
    let read = examination.read_part(Part::read(first), first).and_then(|()| examination.read_part(Part::read(second), second));
    assert_eq!(read.is_ok(), judged);
    if read.is_ok() {
        assert_eq!(examination.log(), &whole);
    }
}

/// What is written is read again as what it was.
fn old_log(bytes: &[u8]) {
    let _ = v1::check(bytes);
    if let Some(parsed) = json::parse(bytes)
        && let Some(written) = json::write(&parsed.value, json::Dialect::Ryu)
    {
        assert_eq!(json::parse(written.text.as_bytes()).map(|again| again.value), Some(parsed.value));
    }
}
