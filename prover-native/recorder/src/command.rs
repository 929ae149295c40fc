//! From what the user named to what is executed: the interpreter of a script, the place of a command.

use std::{
    ffi::{CString, OsStr, OsString},
    fs::{self, File},
    io::{self, Read},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::PermissionsExt,
    },
    path::{Path, PathBuf},
};

use super::{
    Program, Request, RunError,
    rules::Language,
    text::{joined, text_of},
};

/// What is executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resolved {
    /// The file that the system executes, absolute.
    pub(super) executable: PathBuf,
    /// Its arguments, its own name first.
    pub(super) argv: Vec<OsString>,
    /// The script, absolute, when the program is one, or the executable that was named as a file.
    pub(super) script: Option<PathBuf>,
    /// The arguments that the user gave.
    pub(super) arguments: Vec<OsString>,
}

/// Finds out what a request executes.
///
/// # Errors
/// When the program or its interpreter is not there or cannot be executed.
pub(super) fn resolve(request: &Request) -> Result<Resolved, RunError> {
    match &request.program {
        Program::Script { path, args } => script(request, path, args),
        Program::Command(argv) => command(request, argv),
    }
}

fn command(request: &Request, argv: &[OsString]) -> Result<Resolved, RunError> {
    let (name, arguments) = argv.split_first().filter(|(name, _)| !name.is_empty()).ok_or(RunError::CommandEmpty)?;
    let name = Path::new(name);
    let is_path = name.as_os_str().as_bytes().contains(&b'/');
    let executable = if is_path {
        let path = joined(&request.working_dir, name);
        if !executable_file(&path, name)? {
            return Err(RunError::NotExecutable { path: name.to_owned() });
        }
        path
    } else {
        find(request, name).ok_or_else(|| RunError::CommandNotFound { name: name.to_owned() })?
    };
    let script = match Language::of_interpreter(&executable) {
        // `python3 x.py` runs x.py; what comes after options may be anything, and is left to observation.
        Some(_) => arguments.first().filter(|first| !first.as_bytes().starts_with(b"-")),
        // A program that is named as a file is the user's choice, wherever it lies.
        None => argv.first().filter(|_| is_path),
    };
    let script = script.map(|script| joined(&request.working_dir, script.as_ref())).filter(|script| script.is_file());
    Ok(Resolved { executable, argv: argv.to_vec(), script, arguments: arguments.to_vec() })
}

fn script(request: &Request, named: &Path, args: &[OsString]) -> Result<Resolved, RunError> {
    let path = joined(&request.working_dir, named);
    let executable = executable_file(&path, named)?;
    let head = head(&path).map_err(|error| RunError::Program { path: named.to_owned(), error })?;
    let interpreter = match shebang(&head) {
        Some(words) => Some(from_shebang(request, named, words)?),
        None if head.starts_with(ELF) => None,
        None => from_extension(request, named, executable)?,
    };
    if interpreter.is_none() && !executable {
        return Err(RunError::NotExecutable { path: named.to_owned() });
    }
    let (executable, mut argv) = interpreter.unwrap_or_else(|| (path.clone(), Vec::new()));
    argv.push(named.as_os_str().to_owned());
    argv.extend_from_slice(args);
    Ok(Resolved { executable, argv, script: Some(path), arguments: args.to_vec() })
}

/// Whether a file is there, is a file, and has an execute permission.
fn executable_file(path: &Path, named: &Path) -> Result<bool, RunError> {
    let metadata = fs::metadata(path).map_err(|error| RunError::Program { path: named.to_owned(), error })?;
    if metadata.is_dir() {
        return Err(RunError::ProgramIsFolder { path: named.to_owned() });
    }
    if !metadata.is_file() {
        return Err(RunError::NotExecutable { path: named.to_owned() });
    }
    Ok(metadata.permissions().mode() & 0o111 != 0)
}

/// As much of a file as the system looks at for a first line.
fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(256).read_to_end(&mut head)?;
    Ok(head)
}

/// The interpreter of a first line, and its one optional argument.
fn shebang(head: &[u8]) -> Option<Vec<OsString>> {
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = trim_end_blanks(line.trim_ascii_start());
    let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
    let (interpreter, argument) = line.split_at(end);
    let words = [interpreter, argument.trim_ascii_start()];
    Some(words.into_iter().filter(|word| !word.is_empty()).map(|word| OsString::from_vec(word.to_vec())).collect())
}

/// Blanks at the end of a first line do not count; a carriage return does, as it does for the system.
fn trim_end_blanks(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last + 1);
    &line[..end]
}

fn from_shebang(request: &Request, named: &Path, words: Vec<OsString>) -> Result<(PathBuf, Vec<OsString>), RunError> {
    let missing = |interpreter: &OsStr| RunError::InterpreterMissing {
        script: named.to_owned(),
        interpreter: interpreter.into(),
    };
    let Some(interpreter) = words.first() else {
        return Err(missing(OsStr::new("(empty first line)")));
    };
    let path = joined(&request.working_dir, Path::new(interpreter));
    if !is_executable(&path) {
        return Err(missing(interpreter));
    }
    // The usual `env NAME`: say at once what env would only say at run time.
    if let (Some(env), [_, name]) = (path.file_name(), &words[..])
        && env == "env"
        && !name.as_bytes().starts_with(b"-")
        && !name.as_bytes().contains(&b'=')
        && !name.as_bytes().contains(&b'/')
        && find(request, Path::new(name)).is_none()
    {
        return Err(missing(name));
    }
    Ok((path, words))
}

/// The interpreter that a file's ending stands for; `None` when there is no such rule and the file may be executed itself.
fn from_extension(
    request: &Request,
    named: &Path,
    executable: bool,
) -> Result<Option<(PathBuf, Vec<OsString>)>, RunError> {
    let extension = named.extension().and_then(OsStr::to_str).unwrap_or_default();
    let Some((_, interpreters)) = INTERPRETERS.iter().find(|(name, _)| *name == extension) else {
        return Ok(None);
    };
    let found = interpreters.iter().find_map(|name| Some((find(request, Path::new(name))?, vec![(*name).into()])));
    match (found, interpreters.first()) {
        (Some(found), _) => Ok(Some(found)),
        (None, _) if executable => Ok(None),
        (None, Some(name)) => {
            Err(RunError::InterpreterMissing { script: named.to_owned(), interpreter: (*name).into() })
        }
        (None, None) => Ok(None),
    }
}

/// Interpreters by a script's ending, the preferred one first.
const INTERPRETERS: &[(&str, &[&str])] = &[
    ("py", &["python3", "python"]),
    ("js", &["node"]),
    ("mjs", &["node"]),
    ("cjs", &["node"]),
    ("sh", &["sh"]),
    ("bash", &["bash"]),
    ("zsh", &["zsh"]),
    ("rb", &["ruby"]),
    ("pl", &["perl"]),
    ("php", &["php"]),
    ("lua", &["lua"]),
    ("R", &["Rscript"]),
    ("r", &["Rscript"]),
    ("jl", &["julia"]),
];

const ELF: &[u8] = b"\x7fELF";

/// Looks a command up in the `PATH` that the child will have.
fn find(request: &Request, name: &Path) -> Option<PathBuf> {
    let folders = request.variable("PATH").map_or(OsStr::new(DEFAULT_PATH), OsString::as_os_str);
    std::env::split_paths(folders)
        .map(|folder| joined(&request.working_dir, &folder).join(name))
        .find(|path| is_executable(path))
}

/// What the C library takes when `PATH` is not set.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// What is executed, as the system takes it.
#[derive(Debug)]
pub(super) struct Strings {
    pub(super) executable: CString,
    pub(super) argv: Vec<CString>,
    pub(super) environment: Vec<CString>,
    pub(super) working_dir: CString,
}

impl Strings {
    /// # Errors
    /// When one of them holds a zero byte.
    pub(super) fn of(request: &Request, resolved: &Resolved) -> Result<Self, RunError> {
        Ok(Self {
            executable: c_string(resolved.executable.as_os_str())?,
            argv: resolved.argv.iter().map(|word| c_string(word)).collect::<Result<_, _>>()?,
            environment: request.environment.iter().map(variable).collect::<Result<_, _>>()?,
            working_dir: c_string(request.working_dir.as_os_str())?,
        })
    }
}

fn c_string(string: &OsStr) -> Result<CString, RunError> {
    CString::new(string.as_bytes()).map_err(|error| RunError::ZeroByte {
        before: text_of(OsStr::from_bytes(&string.as_bytes()[..error.nul_position()])),
    })
}

fn variable((name, value): &(OsString, OsString)) -> Result<CString, RunError> {
    let mut variable = name.clone();
    variable.push("=");
    // The value is no part of an error: it may be a secret.
    c_string(&variable)?;
    variable.push(value);
    CString::new(variable.into_vec()).map_err(|_| RunError::ZeroByte { before: format!("{}=", text_of(name)) })
}
