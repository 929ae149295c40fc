//! Figures in the text form of Prometheus.

use std::fmt::{Display, Write as _};

/// The text, family by family.
#[derive(Debug, Default)]
pub(crate) struct Exposition(String);

impl Exposition {
    /// Begins a family: its samples follow.
    pub(crate) fn family(&mut self, name: &str, kind: &str, help: &str) -> &mut Self {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        self
    }

    /// A sample; `labels` without braces, or empty.
    pub(crate) fn sample(&mut self, name: &str, labels: &str, value: impl Display) -> &mut Self {
        let _ = match labels {
            "" => writeln!(self.0, "{name} {value}"),
            labels => writeln!(self.0, "{name}{{{labels}}} {value}"),
        };
        self
    }

    /// A family of one sample.
    pub(crate) fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) -> &mut Self {
        self.family(name, kind, help).sample(name, "", value)
    }

    /// The text.
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}
