//! A PostgreSQL cluster of the tests' own: made in a new directory, on a port of its own, as a user that
//! may run it, and removed when the process that asked for it ends, however it ends.
//!
//! Compiled into the tests of the store and into those of the service, which can't share a package.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// How often another port is tried, if somebody took the one that was free.
const PORTS_TRIED_MAX: usize = 5;

/// What runs the server and, once the pipe from this process is closed, ends and removes it.
const KEEPER: &str = r#"
trap '' HUP INT TERM
"$1/postgres" -D "$2/data" -p "$3" -k "$2" >"$2/log" 2>&1 &
server=$!
until "$1/pg_isready" -q -h 127.0.0.1 -p "$3"; do
  kill -0 $server 2>/dev/null || { rm -rf "$2/data"; echo failed; exit 1; }
  sleep 0.05
done
echo ready
read -r _
# It may have been started again meanwhile, by somebody else.
"$1/pg_ctl" -D "$2/data" stop -m immediate >/dev/null 2>&1
rm -rf "$2"
"#;

/// A running server.
#[derive(Debug)]
pub struct Cluster {
    binaries: PathBuf,
    directory: PathBuf,
    port: u16,
    databases: AtomicU32,
    /// Ends it once the pipe from this process is closed.
    keeper: Child,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // One that can't be waited for has ended.
        let _ended = self.keeper.wait();
    }
}

impl Cluster {
    /// The one of this process, started by whoever asks first; none where PostgreSQL is not installed.
    pub fn shared() -> Option<&'static Cluster> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        SHARED.get_or_init(Cluster::new).as_ref()
    }

    /// A new one; none where PostgreSQL is not installed.
    pub fn new() -> Option<Cluster> {
        Cluster::new_in(None)
    }

    /// As [`Cluster::new`], in a directory of its own in that one.
    pub fn new_in(parent: Option<&Path>) -> Option<Cluster> {
        binaries().map(|found| Cluster::start(&found, parent))
    }

    fn start(binaries: &Path, parent: Option<&Path>) -> Cluster {
        let temporary = std::env::temp_dir();
        let mut directory = tempfile::Builder::new();
        let directory = directory.prefix("credits-pg");
        let directory = directory.tempdir_in(parent.unwrap_or(&temporary));
        let directory = directory.expect("a directory can be made").keep();
        let user = user();
        if let Some((uid, gid)) = user {
            chown(&directory, Some(uid), Some(gid)).expect("root may give a directory away");
        }
        let mut made = as_user(binaries.join("initdb"), user);
        made.args([
            "--no-sync",
            "--username=owner",
            "--auth=trust",
            "--encoding=UTF8",
        ])
        .args(["--locale=C", "--pgdata"])
        .arg(directory.join("data"))
        .current_dir(&directory);
        let output = made.output().expect("initdb can be run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "initdb: {said}");
        let tried = (0..PORTS_TRIED_MAX).find_map(|_| {
            let port = free_port();
            keep(binaries, &directory, port, user).map(|keeper| (port, keeper))
        });
        let (port, keeper) = tried.expect("PostgreSQL starts");
        Cluster {
            binaries: binaries.to_owned(),
            directory,
            port,
            databases: AtomicU32::new(0),
            keeper,
        }
    }

    /// Its port on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process that keeps it: the server and its own processes descend from it.
    pub fn process(&self) -> u32 {
        self.keeper.id()
    }

    /// Where a database is found, by its owner.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://owner@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database, or a copy of one that nobody uses, and tells its name.
    pub fn database(&self, template: Option<&str>) -> String {
        let name = format!("credits{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run(
            "createdb",
            &["--template", template.unwrap_or("template0"), &name],
        );
        name
    }

    /// Runs SQL as the owner, and gives what it answers.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        self.run(
            "psql",
            &["-v", "ON_ERROR_STOP=1", "-qAt", "-c", sql, database],
        )
    }

    /// Runs `pg_ctl` on it, such as `restart -m immediate`.
    pub fn control(&self, arguments: &[&str]) {
        let mut control = as_user(self.binaries.join("pg_ctl"), user());
        control
            .arg("-D")
            .arg(self.directory.join("data"))
            .args(arguments);
        let status = control.stdout(Stdio::null()).status();
        assert!(
            status.expect("pg_ctl can be run").success(),
            "{arguments:?}"
        );
    }

    /// Makes a certificate for its address and has it speak TLS to whoever asks for it: the file of the
    /// certificate, which none but itself vouches for. None where there is no `openssl`.
    pub fn secure(&self) -> Option<PathBuf> {
        let data = self.directory.join("data");
        let certificate = data.join("server.crt");
        let mut made = as_user("openssl", user());
        made.current_dir(&data)
            .args(["req", "-x509", "-nodes", "-days", "2", "-newkey", "ec"])
            .args(["-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args(["-subj", "/CN=database"])
            .args(["-addext", "subjectAltName=IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-keyout", "server.key", "-out"])
            .arg(&certificate);
        let output = made.output().ok()?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl: {said}");
        self.sql("postgres", "ALTER SYSTEM SET ssl = on");
        self.control(&["reload"]);
        Some(certificate)
    }

    /// Stops it without warning, as a crash would.
    pub fn crash(&self) {
        self.control(&["stop", "-w", "-m", "immediate"]);
    }

    /// Starts it again, where it was.
    pub fn start_again(&self) {
        let directory = self.directory.to_string_lossy();
        let options = format!("-p {} -k {directory}", self.port);
        let log = format!("{directory}/log");
        self.control(&["start", "-w", "-l", &log, "-o", &options]);
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(self.binaries.join(program));
        command
            .args([
                "-h",
                "127.0.0.1",
                "-U",
                "owner",
                "-p",
                &self.port.to_string(),
            ])
            .args(arguments);
        let output = command.output().expect("PostgreSQL's programs can be run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

/// Where the server's programs are, if they are on this machine.
pub fn binaries() -> Option<PathBuf> {
    let told = Command::new("pg_config").arg("--bindir").output().ok();
    let told = told.and_then(|output| String::from_utf8(output.stdout).ok());
    let told = told.map(|told| PathBuf::from(told.trim()));
    // Debian has the server where only its own scripts look, and `pg_config` in another package.
    let kept = fs::read_dir("/usr/lib/postgresql")
        .ok()
        .into_iter()
        .flatten();
    let kept = kept.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let mut kept: Vec<PathBuf> = kept.collect();
    kept.sort();
    told.into_iter()
        .chain(kept.into_iter().rev())
        .find(|found| is_whole(found))
}

fn is_whole(found: &Path) -> bool {
    [
        "postgres",
        "initdb",
        "pg_ctl",
        "psql",
        "createdb",
        "pg_isready",
    ]
    .iter()
    .all(|program| found.join(program).exists())
}

/// Another user than root, which the server refuses to run as; none if this is one.
fn user() -> Option<(u32, u32)> {
    let me = fs::metadata("/proc/self").expect("Linux tells who a process is");
    if me.uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("users can be read");
    let find = |name: &str| {
        let line = users.lines().find(|line| line.starts_with(name))?;
        let mut fields = line.split(':').skip(2).map(str::parse);
        Some((fields.next()?.ok()?, fields.next()?.ok()?))
    };
    find("postgres:").or_else(|| find("nobody:"))
}

fn as_user(program: impl AsRef<Path>, user: Option<(u32, u32)>) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(program.as_ref());
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// Starts the server under its keeper; none if it did not start.
fn keep(binaries: &Path, directory: &Path, port: u16, user: Option<(u32, u32)>) -> Option<Child> {
    let mut keeper = as_user("/bin/sh", user);
    keeper
        .args(["-c", KEEPER, "keeper"])
        .args([binaries, directory])
        .arg(port.to_string())
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut keeper = keeper.spawn().expect("a shell can be run");
    let stdout = keeper.stdout.take().expect("it is a pipe");
    let said = BufReader::new(stdout).lines().next();
    let said = said.and_then(Result::ok).unwrap_or_default();
    if said == "ready" {
        return Some(keeper);
    }
    // It says so after all it had to do.
    let _ended = keeper.wait();
    None
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}
