//! A PostgreSQL server of the machine's own package, for one test: in a temporary folder, on a socket there, ended with the test.

use std::{
    env, fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use capseal_network::relay::Store;
use postgres::{Client, NoTls};
use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "a password of tests";
/// The password as a URL has it.
const ENCODED: &str = "a%20password%20of%20tests";
/// Nobody's number: a server does not run as root.
const NOBODY: u32 = 65534;

/// The server, running or not.
pub(crate) struct Postgres {
    dir: TempDir,
    programs: PathBuf,
    running: Option<Child>,
}

impl Postgres {
    /// A server that runs, unless the machine has none. Where CAPSEAL_REQUIRE_POSTGRES is 1 it has to have one.
    #[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(env::var("CAPSEAL_REQUIRE_POSTGRES").as_deref() != Ok("1"), "no initdb of PostgreSQL is here");
            eprintln!("skipped: no initdb of PostgreSQL is here (.ci/setup installs it)");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("password"), PASSWORD).unwrap();
        if is_root() {
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
            chown(dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let mut server = Self { dir, programs, running: None };
        let made = server
            .command("initdb")
            .args(["--username=capseal", "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"])
            .arg("--pwfile")
            .arg(server.dir.path().join("password"))
            .arg(server.data())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.go_on();
        Some(server)
    }

    /// Starts it again.
    pub(crate) fn go_on(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.dir.path().join("server.log")).unwrap();
        let child = self
            .command("postgres")
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(self.dir.path())
            .args(["-c", "listen_addresses="])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.running = Some(child);
        let begun = Instant::now();
        while let Err(error) = Client::connect(&self.url(), NoTls) {
            let log = || fs::read_to_string(self.dir.path().join("server.log")).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_secs(60), "the database does not start: {error}\n{}", log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as a crash would: sessions are cut off, and it recovers when it is started again.
    pub(crate) fn stop(&mut self) {
        let Some(mut running) = self.running.take() else { return };
        // SIGQUIT: the immediate shutdown. SIGKILL would leave its processes behind.
        let told = Command::new("kill").args(["-QUIT", &running.id().to_string()]).status();
        if !told.is_ok_and(|status| status.success()) {
            let _ = running.kill();
        }
        let _ = running.wait();
    }

    /// Where it is, with the password.
    pub(crate) fn url(&self) -> String {
        self.url_with(&format!("capseal:{ENCODED}"))
    }

    /// Where it is, for this user or user and password.
    pub(crate) fn url_with(&self, user: &str) -> String {
        format!("postgres://{user}@{}/postgres", self.dir.path().display().to_string().replace('/', "%2F"))
    }

    pub(crate) fn store(&self) -> Store {
        Store::Database(self.url().parse().unwrap())
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.url(), NoTls).unwrap()
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.dir.path()).env("LC_ALL", "C");
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// The folder of the newest server's programs.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<(u32, PathBuf)> = versions
        .filter_map(|version| Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin"))))
        .filter(|(_, folder)| folder.join("initdb").is_file())
        .collect();
    folders.sort();
    let on_path = || env::split_paths(&env::var_os("PATH")?).find(|folder| folder.join("initdb").is_file());
    folders.pop().map(|(_, folder)| folder).or_else(on_path)
}
