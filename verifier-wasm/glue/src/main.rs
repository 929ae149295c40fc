//! Writes the JavaScript glue around a wasm module of the verifier.
//!
//! Does what `wasm-bindgen --target web` does, with the wasm-bindgen of the lock file and without its command line.
//! The `web` glue serves browsers and Node alike: it starts from bytes, a `Response` or a compiled module.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [wasm, folder, name] = arguments.as_slice() else {
        return refuse("usage: capseal-glue <module.wasm> <output folder> <name>");
    };
    // The package names its .wasm itself, and throws an instance away after a trap: hence the two last options.
    let written = Bindgen::new().web(true).and_then(|bindgen| {
        bindgen
            .input_path(wasm)
            .out_name(&name.to_string_lossy())
            .typescript(true)
            .omit_default_module_path(true)
            .reset_state_function(true)
            // Names of functions are a quarter of the bytes, and tell a reader of a trap less than the source does.
            .remove_name_section(true)
            .remove_producers_section(true)
            .generate(folder)
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("{}: {error:#}", wasm.display())),
    }
}

#[expect(clippy::print_stderr, reason = "a command speaks on stderr")]
fn refuse(message: &str) -> ExitCode {
    eprintln!("capseal-glue: {message}");
    ExitCode::FAILURE
}
