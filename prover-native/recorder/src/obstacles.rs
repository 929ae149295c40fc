//! What stands between a record and a replay (spec: `docs/spec/replay.md`): told when the run is sealed, not when somebody
//! runs it again and blames its maker.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::record::{Capture, Mode, Note, Other, OtherKind, Stdin};

/// Something that a replay lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Obstacle {
    /// Whether the run cannot be made again without it; otherwise its results may be others.
    pub certain: bool,
    /// What is lacking, in a clause that starts with a small letter.
    pub detail: String,
}

impl Obstacle {
    /// One without which the run cannot be made again.
    pub(super) fn certain(detail: String) -> Self {
        Self { certain: true, detail }
    }

    /// One that may matter.
    pub(super) fn possible(detail: String) -> Self {
        Self { certain: false, detail }
    }

    /// As the manifest has it.
    pub fn to_json(&self) -> Value {
        json!({ "certain": self.certain, "detail": self.detail })
    }

    /// Reads what a manifest has; `None` when it is another thing.
    pub fn from_json(value: &Value) -> Option<Self> {
        Some(Self { certain: value.get("certain")?.as_bool()?, detail: value.get("detail")?.as_str()?.to_owned() })
    }
}

/// What the capture as a whole did not see or keep. `stdin_was_read` is `None` when nobody watched.
pub(super) fn of_capture(
    capture: &Capture,
    stdin: &Stdin,
    stdin_was_read: Option<bool>,
    others: &BTreeSet<Other>,
) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    if let Some(kind) = unkept(stdin) {
        match stdin_was_read {
            Some(true) => obstacles.push(Obstacle::certain(format!("its standard input, {kind}, was not kept"))),
            Some(false) => {}
            None => obstacles.push(Obstacle::possible(format!("its standard input, {kind}, was not kept"))),
        }
    }
    if let Mode::Declared { .. } = capture.mode {
        let detail = "the run was not watched: files that were not declared are not kept";
        obstacles.push(Obstacle::possible(detail.to_owned()));
    }
    let notes = capture.notes.iter().filter(|note| hides_content(**note));
    obstacles.extend(notes.map(|note| Obstacle::possible(note.meaning().to_owned())));
    let unreadable: Vec<_> = others.iter().filter(|other| other.kind == OtherKind::Unreadable).collect();
    if let Some(first) = unreadable.first() {
        let more = unreadable.len() - 1;
        let more = if more == 0 { String::new() } else { format!(" and {more} more files") };
        obstacles
            .push(Obstacle::possible(format!("{}{more} could not be read by capseal, and is not kept", first.path)));
    }
    obstacles
}

/// A standard input that is not kept, in words.
fn unkept(stdin: &Stdin) -> Option<&'static str> {
    match stdin {
        Stdin::Null | Stdin::File(_) => None,
        Stdin::Terminal => Some("a terminal"),
        Stdin::Pipe => Some("a pipe"),
        Stdin::Device => Some("a device"),
    }
}

/// Whether a note says that something reached the run, or left it, that is not recorded.
const fn hides_content(note: Note) -> bool {
    match note {
        Note::ForeignArchitecture
        | Note::HiddenProcess
        | Note::InheritedDescriptor
        | Note::IoUring
        | Note::LeftBehindEnded
        | Note::MountNamespace
        | Note::Network
        | Note::OutputCut
        | Note::SharedMemory
        | Note::TracedInside
        | Note::UnixSocket
        | Note::UntracedProcess => true,
        // Standard input and unreadable files are told of by themselves; the rest changes nothing for a replay.
        Note::CredentialsNotKept
        | Note::EventsSummarised
        | Note::NoNewPrivileges
        | Note::RuntimeByFolder
        | Note::StdinNotKept
        | Note::Unreadable => false,
    }
}
