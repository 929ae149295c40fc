//! The recorder, tried with real programs: what they use is found, and nothing of the recorder is seen by them.

mod environment;
mod errors;
mod field;
mod files;
mod processes;
mod signals;
mod streams;
