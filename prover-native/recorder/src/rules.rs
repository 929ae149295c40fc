//! What a file is to a run, by how it was used and where it lies (table: `docs/spec/capture.md`).
//!
//! Rules, not knowledge: a declaration beats them, and a reader of a record can apply them again.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use super::record::Role;

/// The rules of one run. They grow as interpreters show up in it.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// The folders that hold the user's own files: the working folder and the script's.
    trees: Vec<PathBuf>,
    /// The user's home folder, by each of its names.
    homes: Vec<PathBuf>,
    /// Files and folders of the user's settings that variables name.
    settings: Vec<PathBuf>,
    script: Option<PathBuf>,
    /// Folders that interpreters are installed in.
    installations: BTreeSet<PathBuf>,
    /// Endings of source files, by the languages met.
    sources: BTreeSet<&'static str>,
}

impl Rules {
    /// The rules for a working folder, a script and a home folder, all absolute.
    pub(super) fn new(working_dir: &Path, script: Option<&Path>, home: Option<&Path>) -> Self {
        let folders = [Some(working_dir), script.and_then(Path::parent)];
        let trees = folders.into_iter().flatten().filter(|folder| !is_of_the_system_itself(folder));
        let language = script.and_then(|script| LANGUAGES.iter().find(|language| language.is_source(script)));
        // Files may be opened by the name that the variable gives, or by the one behind links.
        let homes = home.into_iter().map(Path::to_owned).chain(home.and_then(|home| fs::canonicalize(home).ok()));
        Self {
            trees: trees.map(Path::to_owned).collect(),
            homes: homes.collect(),
            settings: Vec::new(),
            script: script.map(Path::to_owned),
            installations: BTreeSet::new(),
            sources: language.map(|language| language.sources).unwrap_or_default().iter().copied().collect(),
        }
    }

    /// Learns from the environment where the user's settings are, besides the home folder.
    pub(super) fn learn_settings<'a>(&mut self, variable: impl Fn(&str) -> Option<&'a OsString>) {
        let places = SETTINGS.iter().filter_map(|name| variable(name));
        self.settings.extend(places.flat_map(std::env::split_paths).filter(|place| place.is_absolute()));
    }

    /// Learns from an executable what it is the interpreter of, and where that is installed.
    pub(super) fn learn_executable(&mut self, path: &Path) {
        let Some(language) = Language::of_interpreter(path) else {
            return;
        };
        self.sources.extend(language.sources);
        let folder = path.parent().unwrap_or(path);
        let is_program_folder =
            folder.file_name().is_some_and(|name| PROGRAM_FOLDERS.iter().any(|known| name == *known));
        if let (true, Some(installation)) = (is_program_folder, folder.parent()) {
            self.learn_installation(installation);
        }
    }

    /// Learns from a file that was opened: the file that marks a virtual environment of Python lies at its top.
    pub(super) fn learn_opened(&mut self, path: &Path) {
        if path.file_name().is_some_and(|name| name == "pyvenv.cfg")
            && let Some(folder) = path.parent()
        {
            self.learn_installation(folder);
        }
    }

    fn learn_installation(&mut self, folder: &Path) {
        let holds = |place: &Path| place.starts_with(folder);
        if !self.trees.iter().any(|tree| holds(tree)) && !self.homes.iter().any(|home| holds(home)) {
            self.installations.insert(folder.to_owned());
        }
    }

    /// What a file that was read, or executed, is to the run.
    pub(super) fn role(&self, path: &Path, executed: bool) -> Role {
        if self.script.as_deref() == Some(path) {
            Role::Code
        } else if is_bytecode(path) || self.is_runtime(path) || self.may_hold_credentials(path) {
            Role::Runtime
        } else if executed || is_library(path) {
            if self.is_local(path) { Role::Code } else { Role::Runtime }
        } else if self.is_source(path) {
            Role::Code
        } else {
            Role::Input
        }
    }

    /// Whether a file belongs to the user's own settings: it may hold credentials, whose content no record shall keep. A link to such
    /// a file, or to its folder, is another name of it.
    pub(super) fn may_hold_credentials(&self, path: &Path) -> bool {
        let is_behind_a_link = |real: PathBuf| real != path && self.is_place_of_credentials(&real);
        self.is_place_of_credentials(path) || fs::canonicalize(path).is_ok_and(is_behind_a_link)
    }

    fn is_place_of_credentials(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        if CREDENTIALS.contains(&name) || name.starts_with(b".env.") {
            return true;
        }
        let holds_tree = |folder: &Path| self.trees.iter().any(|tree| tree.starts_with(folder));
        let is_setting_below = |home: &Path| {
            let Some(first) = path.strip_prefix(home).ok().and_then(|below| below.components().next()) else {
                return false;
            };
            first.as_os_str().as_encoded_bytes().starts_with(b".") && !holds_tree(&home.join(first))
        };
        // Those of other users, too: a run may be root's.
        let of_somebody = path.strip_prefix("/home").ok().and_then(|below| below.components().next());
        let of_somebody = of_somebody.map(|user| Path::new("/home").join(user));
        let mut homes =
            self.homes.iter().map(PathBuf::as_path).chain(of_somebody.as_deref()).chain([Path::new("/root")]);
        homes.any(is_setting_below)
            || self.settings.iter().any(|place| path.starts_with(place) && !holds_tree(place))
            || SECRETS_OF_THE_MACHINE.iter().any(|place| path.starts_with(place))
    }

    /// Whether a path lies in a folder that holds the user's own files.
    fn is_local(&self, path: &Path) -> bool {
        self.trees.iter().any(|tree| path.starts_with(tree))
    }

    /// Whether a path lies in what belongs to the machine.
    fn is_runtime(&self, path: &Path) -> bool {
        let installed = path.components().any(|part| PACKAGE_FOLDERS.iter().any(|name| part.as_os_str() == *name))
            || self.installations.iter().any(|folder| path.starts_with(folder));
        installed || (is_system(path) && !self.is_local(path))
    }

    fn is_source(&self, path: &Path) -> bool {
        ending(path).is_some_and(|ending| self.sources.contains(ending))
    }

    /// The source that a cached module of Python stands for: `a/__pycache__/b.cpython-311.pyc` for `a/b.py`. Python reads
    /// the cache in its place, so the source is bound with it.
    pub(super) fn source_of_bytecode(&self, path: &Path) -> Option<PathBuf> {
        let folder = path.parent().filter(|folder| folder.ends_with(CACHE_FOLDER))?.parent()?;
        let stem = Path::new(path.file_name()?.to_str()?.split('.').next()?).with_extension("py");
        let source = folder.join(stem);
        (!self.is_runtime(&source)).then_some(source)
    }
}

/// Whether a path is one of Python's cached modules: made anew at will, and not an output.
pub fn is_bytecode(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == CACHE_FOLDER) || ending(path) == Some("pyc")
}

/// A library that is loaded into a process: `x.so`, `x.so.6`, `x.dylib`.
fn is_library(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    name.ends_with(".dylib") || plain.ends_with(".so")
}

/// Whether a path lies in a folder of the system.
pub(super) fn is_system(path: &Path) -> bool {
    let is_share = || {
        let mut below = path.strip_prefix("/run/user").into_iter().flat_map(Path::components).skip(1);
        below.next().is_some_and(|part| SHARES.iter().any(|name| part.as_os_str() == *name))
    };
    !path.starts_with(DRIVES) && !is_share() && SYSTEM_FOLDERS.iter().any(|folder| path.starts_with(folder))
}

/// Whether a folder is the root, or of the system to its core, as opposed to one such as `/usr/src/app`, which container
/// images keep the user's files in.
pub(super) fn is_of_the_system_itself(folder: &Path) -> bool {
    folder.parent().is_none_or(|parent| parent == Path::new("/usr"))
        || SYSTEM_FOLDERS.iter().any(|known| folder == *known)
}

fn ending(path: &Path) -> Option<&str> {
    path.extension().and_then(OsStr::to_str)
}

/// Folders whose content belongs to the machine.
const SYSTEM_FOLDERS: &[&str] = &[
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/bin",
    "/sbin",
    "/etc",
    "/boot",
    "/run",
    "/var/cache",
    "/nix/store",
    "/gnu/store",
    "/snap",
    "/System",
    "/Library",
];

/// Parts of those that hold the user's files all the same: drives that a desktop mounts.
const DRIVES: &str = "/run/media";

/// Below `/run/user/UID`: shares and documents that a desktop mounts for its user.
const SHARES: &[&str] = &["gvfs", "doc"];

/// Names of files that hold credentials, wherever they lie; and all that start with `.env.`.
const CREDENTIALS: &[&[u8]] = &[
    b".env",
    b".netrc",
    b".pgpass",
    b".npmrc",
    b".pypirc",
    b".htpasswd",
    b".git-credentials",
    b".my.cnf",
    b".dockercfg",
    b".vault-token",
    b"id_rsa",
    b"id_dsa",
    b"id_ecdsa",
    b"id_ed25519",
];

/// Variables that name files or folders of the user's settings.
const SETTINGS: &[&str] = &[
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "CLOUDSDK_CONFIG",
    "DOCKER_CONFIG",
    "GH_CONFIG_DIR",
    "GNUPGHOME",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "KUBECONFIG",
    "NETRC",
    "NPM_CONFIG_USERCONFIG",
    "PGPASSFILE",
    "PIP_CONFIG_FILE",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
];

/// What the machine itself keeps secret.
const SECRETS_OF_THE_MACHINE: &[&str] = &[
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/krb5.keytab",
    "/etc/ssl/private",
    "/etc/ssh",
    "/run/secrets",
    "/var/run/secrets",
];

/// Folders that installed packages lie in, wherever they are.
const PACKAGE_FOLDERS: &[&str] = &["site-packages", "dist-packages"];

/// Folders that an installation keeps its programs in.
const PROGRAM_FOLDERS: &[&str] = &["bin", "sbin", "libexec", "shims"];

const CACHE_FOLDER: &str = "__pycache__";

/// A language: names of its interpreters, without version numbers, and endings of its sources.
#[derive(Debug)]
pub(super) struct Language {
    interpreters: &'static [&'static str],
    sources: &'static [&'static str],
}

impl Language {
    /// The language that an executable interprets, by its name.
    pub(super) fn of_interpreter(path: &Path) -> Option<&'static Self> {
        let name = path.file_name()?.to_str()?;
        let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
        LANGUAGES.iter().find(|language| language.interpreters.contains(&name))
    }

    fn is_source(&self, path: &Path) -> bool {
        ending(path).is_some_and(|ending| self.sources.contains(&ending))
    }
}

const LANGUAGES: &[Language] = &[
    Language { interpreters: &["python", "pypy"], sources: &["py", "pyw", "pyi"] },
    Language {
        interpreters: &["node", "nodejs", "deno", "bun"],
        sources: &["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "node", "wasm"],
    },
    Language { interpreters: &["sh", "bash", "dash", "zsh", "ksh", "busybox"], sources: &["sh", "bash", "zsh", "ksh"] },
    Language { interpreters: &["ruby"], sources: &["rb"] },
    Language { interpreters: &["perl"], sources: &["pl", "pm"] },
    Language { interpreters: &["php"], sources: &["php"] },
    Language { interpreters: &["lua", "luajit"], sources: &["lua"] },
    Language { interpreters: &["R", "Rscript"], sources: &["R", "r"] },
    Language { interpreters: &["julia"], sources: &["jl"] },
    Language { interpreters: &["java"], sources: &["java", "class", "jar"] },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        let mut rules = Rules::new(
            Path::new("/home/u/work"),
            Some(Path::new("/home/u/tools/strategy.py")),
            Some(Path::new("/home/u")),
        );
        for path in [
            "/usr/bin/env",
            "/home/u/.pyenv/shims/python3",
            "/opt/conda/bin/python3.11",
            "/home/u/work/bin/sh",
            "/home/u/bin/perl",
            "/home/u/work/engine/bin/engine",
        ] {
            rules.learn_executable(Path::new(path));
        }
        rules.learn_opened(Path::new("/home/u/work/.venv/pyvenv.cfg"));
        rules
    }

    #[test]
    fn files_have_the_role_that_the_table_says() {
        let rules = rules();
        for (path, executed, role) in [
            ("/home/u/tools/strategy.py", false, Role::Code),
            ("/home/u/tools/helper.py", false, Role::Code),
            ("/home/u/work/helper.py", false, Role::Code),
            ("/home/u/elsewhere/mod.py", false, Role::Code),
            ("/home/u/work/step.sh", false, Role::Code),
            ("/home/u/work/old.pl", false, Role::Code),
            ("/home/u/work/gem.rb", false, Role::Input),
            ("/home/u/work/native.cpython-311-x86_64-linux-gnu.so", false, Role::Code),
            ("/home/u/work/libx.so.6.1", false, Role::Code),
            ("/home/u/work/engine/bin/engine", true, Role::Code),
            ("/home/u/work/engine/data.bin", false, Role::Input),
            ("/home/u/.aws/credentials", false, Role::Runtime),
            ("/home/u/.netrc", false, Role::Runtime),
            ("/home/u/work/.env", false, Role::Runtime),
            ("/home/u/work/.env.local", false, Role::Runtime),
            ("/home/u/work/.hidden/data.csv", false, Role::Input),
            ("/home/u/data/prices.csv", false, Role::Input),
            ("/opt/cuda/lib64/libcudart.so.12", false, Role::Runtime),
            ("/home/u/.cargo/bin/tool", true, Role::Runtime),
            ("/home/u/work/data.csv", false, Role::Input),
            ("/srv/data.csv", false, Role::Input),
            ("/home/u/work/__pycache__/helper.cpython-311.pyc", false, Role::Runtime),
            ("/home/u/work/.venv/lib/python3.11/site.py", false, Role::Runtime),
            ("/home/u/.local/lib/python3.11/site-packages/x/data.json", false, Role::Runtime),
            ("/home/u/.pyenv/versions/3.11.7/lib/python3.11/os.py", false, Role::Runtime),
            ("/opt/conda/lib/python3.11/os.py", false, Role::Runtime),
            ("/opt/data/prices.csv", false, Role::Input),
            ("/usr/bin/env", true, Role::Runtime),
            ("/lib/x86_64-linux-gnu/libc.so.6", false, Role::Runtime),
            ("/etc/localtime", false, Role::Runtime),
            ("/etc/shadow", false, Role::Runtime),
            ("/run/systemd/resolve", false, Role::Runtime),
            ("/run/media/u/USB/data.csv", false, Role::Input),
            ("/run/user/1000/gvfs/smb/data.csv", false, Role::Input),
            ("/run/user/1000/bus", false, Role::Runtime),
            ("/home/other/.ssh/authorized_keys", false, Role::Runtime),
            ("/home/other/data.csv", false, Role::Input),
            ("/root/.netrc", false, Role::Runtime),
            ("/home/u/work/keys/id_ed25519", false, Role::Runtime),
        ] {
            assert_eq!(rules.role(Path::new(path), executed), role, "{path}");
        }
    }

    #[test]
    fn a_working_folder_within_the_system_holds_the_users_files() {
        let rules = Rules::new(Path::new("/usr/src/app"), None, None);
        assert_eq!(rules.role(Path::new("/usr/src/app/data.csv"), false), Role::Input);
        assert_eq!(rules.role(Path::new("/usr/lib/os-release"), false), Role::Runtime);
        for core in ["/", "/usr", "/usr/bin", "/etc"] {
            let rules = Rules::new(Path::new(core), None, None);
            assert_eq!(rules.role(Path::new("/usr/bin/ls"), true), Role::Runtime);
            assert_eq!(rules.role(Path::new("/etc/hosts"), false), Role::Runtime);
        }
    }

    #[test]
    fn settings_of_the_user_are_no_inputs_wherever_the_run_starts() {
        let role = |working_dir: &str, path: &str| {
            Rules::new(Path::new(working_dir), None, Some(Path::new("/home/u"))).role(Path::new(path), false)
        };
        assert_eq!(role("/home/u", "/home/u/.ssh/id_ed25519"), Role::Runtime);
        assert_eq!(role("/home/u", "/home/u/data.csv"), Role::Input);
        assert_eq!(role("/home/u/.local/app", "/home/u/.local/app/data.csv"), Role::Input);
        assert_eq!(role("/home/u/.local/app", "/home/u/.ssh/id_ed25519"), Role::Runtime);
    }

    #[test]
    fn a_cached_module_stands_for_its_source() {
        let rules = rules();
        let source = |path: &str| rules.source_of_bytecode(Path::new(path));
        assert_eq!(source("/home/u/work/__pycache__/helper.cpython-311.pyc"), Some("/home/u/work/helper.py".into()));
        assert_eq!(source("/home/u/work/helper.pyc"), None);
        assert_eq!(source("/opt/conda/lib/python3.11/__pycache__/os.cpython-311.pyc"), None);
    }
}
