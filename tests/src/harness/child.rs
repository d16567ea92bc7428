//! The service as a child process: the built program, which can be killed.
//!
//! Owns where the program is, how it is started on a directory, and how it ends. The process is up when
//! it says that it is ready.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{self, Command, ExitStatus},
    sync::OnceLock,
};

use credits_api::{app::token_time_s, auth::Scope, config::Settings};

use super::{
    client::{Client, http_client},
    service::CATALOG,
    wait::until,
};

/// Where what it prints when it begins to serve is kept.
const WELCOME: &str = "welcome.txt";
/// What the studio may do.
const STUDIO: &str = "credits:read,credits:spend,billing:write,catalog:write,accounts:*";
/// What a user's browser may do.
const USER: &str = "credits:read,preferences:write";
/// Time limits that a slow machine must not reach: an hour each. In the environment, which flags overrule: a test
/// about a time limit names it.
const PATIENCE: [(&str, &str); 10] = [
    ("CREDITS__HTTP__REQUEST_DEADLINE_MS", "3600000"),
    ("CREDITS__HTTP__HEAD_TIMEOUT_MS", "3600000"),
    ("CREDITS__HTTP__KEEP_ALIVE_MS", "3600000"),
    ("CREDITS__HTTP__INIT_TIMEOUT_MS", "3600000"),
    ("CREDITS__DATABASE__STATEMENT_TIMEOUT_MS", "3600000"),
    ("CREDITS__DATABASE__LOCK_TIMEOUT_MS", "3600000"),
    ("CREDITS__DATABASE__CALL_TIMEOUT_MS", "3600000"),
    ("CREDITS__DATABASE__BUSY_TIMEOUT_MS", "3600000"),
    ("CREDITS__WRITER__DEADLINE_MS", "3599999"),
    ("CREDITS__WRITER__SHUTDOWN_TIMEOUT_MS", "3600000"),
];
/// For how much longer a token is taken than it says, since clocks differ.
const LEEWAY_S: i64 = 30;

/// The built program.
#[derive(Clone, Debug)]
pub struct Program(PathBuf);

impl Program {
    /// The program beside this one, built if it is not there or older than its sources: `cargo test`
    /// of this package alone builds the libraries only.
    pub fn find() -> Program {
        static FOUND: OnceLock<PathBuf> = OnceLock::new();
        Program(FOUND.get_or_init(build).clone())
    }

    /// A directory with a configuration: development, the catalog of the tests.
    pub fn furnish(&self, directory: &Path) {
        let catalog = directory.join("story.toml");
        std::fs::write(catalog, CATALOG).expect("the directory can be written to");
    }

    /// Starts the service on a furnished directory and waits until it is ready.
    pub async fn serve(&self, directory: &Path) -> Child {
        self.serve_with(directory, &["--catalog-file", "story.toml"])
            .await
    }

    /// As [`Program::serve`], on the port that an earlier service had: clients find it again.
    pub async fn serve_again(&self, directory: &Path, address: SocketAddr) -> Child {
        let arguments = ["--catalog-file", "story.toml"];
        self.serve_at(directory, address, &arguments).await
    }

    /// As [`Program::serve_again`], with these arguments.
    pub async fn serve_at(
        &self,
        directory: &Path,
        address: SocketAddr,
        arguments: &[&str],
    ) -> Child {
        self.start(directory, &address.to_string(), arguments).await
    }

    /// Starts the service on a directory with these arguments more, and waits until it is ready. What
    /// it says is in `welcome.txt` and `service.log`.
    pub async fn serve_with(&self, directory: &Path, arguments: &[&str]) -> Child {
        self.start(directory, "127.0.0.1:0", arguments).await
    }

    async fn start(&self, directory: &Path, listen: &str, arguments: &[&str]) -> Child {
        let file = |name| {
            let made = std::fs::File::create(directory.join(name));
            made.expect("the directory can be written to")
        };
        let process = self
            .command(directory, &["serve"])
            .args(["--http-listen", listen])
            .args(arguments)
            .stdout(file(WELCOME))
            .stderr(file("service.log"))
            .spawn()
            .expect("the program starts");
        let mut child = Child {
            process,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            token: self.token(directory, "studio", STUDIO),
        };
        child.until_ready(directory).await;
        child
    }

    /// Runs a command to its end: whether it succeeded, and what it printed.
    pub fn run(&self, directory: &Path, arguments: &[&str]) -> (bool, String) {
        finish(self.command(directory, arguments))
    }

    /// As [`Program::run`], of a command that takes no settings.
    pub fn run_plain(&self, directory: &Path, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(&self.0);
        command.current_dir(directory).args(arguments);
        finish(command)
    }

    /// A token as a browser has it, of a service that ran on the directory.
    pub fn user_token(&self, directory: &Path, account: &str) -> String {
        self.token(directory, account, USER)
    }

    /// As [`Program::user_token`], taken for so many seconds from now on.
    pub fn ending_token(&self, directory: &Path, account: &str, seconds: u32) -> String {
        let settings = Settings {
            development: true,
            data_dir: directory.to_owned(),
            ..Settings::default()
        };
        let opened = credits_api::auth::open(&settings);
        let mint = opened.expect("the key of development is there").mint;
        let mint = mint.expect("development has a mint");
        let scopes = [Scope::CreditsRead, Scope::PreferencesWrite];
        let made_at_s = token_time_s() - LEEWAY_S;
        let token = mint.mint(account, scopes.into_iter().collect(), made_at_s, seconds);
        token.expect("the development key signs")
    }

    fn token(&self, directory: &Path, subject: &str, scopes: &str) -> String {
        let arguments = ["token", "--subject", subject, "--scopes", scopes];
        let (made, printed) = self.run(directory, &arguments);
        assert!(made, "a token is made: {printed}");
        printed.trim().to_owned()
    }

    fn command(&self, directory: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.0);
        command
            .current_dir(directory)
            .args(arguments)
            .args(["--dev", "--data-dir", "."])
            .envs(PATIENCE);
        command
    }
}

/// Runs a command to its end: whether it succeeded, and what it printed.
fn finish(mut command: Command) -> (bool, String) {
    let output = command.output().expect("the program starts");
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    (output.status.success(), printed)
}

/// Builds the program with this one's own profile. Cargo finds in a moment that nothing is to do.
fn build() -> PathBuf {
    let program = std::env::current_exe().expect("a process knows its program");
    // <target>/<profile>/deps/<test>, or <target>/<profile>/load
    let folder = program.parent().expect("a program is in a folder");
    let profile = match folder.ends_with("deps") {
        true => folder.parent().expect("deps are in a folder"),
        false => folder,
    };
    let mut cargo = Command::new(env!("CARGO"));
    // The whole workspace chooses the features, as it did for this one: nothing is built twice.
    cargo.args(["build", "--quiet", "--workspace", "--bin", "credits"]);
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    if let Some(target) = profile.parent() {
        cargo.arg("--target-dir").arg(target);
    }
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let built = cargo.status().expect("cargo starts");
    assert!(built.success(), "the program is built");
    profile.join("credits")
}

/// A running service. It is killed if it is dropped.
pub struct Child {
    process: process::Child,
    address: SocketAddr,
    token: String,
}

impl Child {
    /// A client with the studio's token.
    pub fn studio(&self) -> Client {
        Client::new(self.address, Some(&self.token))
    }

    /// The studio's token.
    pub fn studio_token(&self) -> &str {
        &self.token
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The studio's token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    /// How much memory it has, in bytes; none where the system does not tell.
    pub fn memory_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kilobytes * 1_024)
    }

    /// How many files and connections it has open; none where the system does not tell.
    pub fn descriptors(&self) -> Option<usize> {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.process.id()));
        open.ok().map(Iterator::count)
    }

    /// Kills it where it stands: SIGKILL, which no process sees coming.
    pub fn kill(&mut self) {
        self.process.kill().expect("the process is ours");
        self.process.wait().expect("the process is ours");
    }

    /// Asks it to end: SIGTERM.
    pub fn terminate(&self) {
        // The shell's own, which is there where no package has brought the program.
        let kill = format!("kill -TERM {}", self.process.id());
        let sent = Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.expect("there is a shell").success());
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().expect("the process is ours")
    }

    /// Asks it to end, waits until it has, and returns how it ended.
    pub async fn leave(&mut self) -> ExitStatus {
        self.terminate();
        until("the service ends", async || self.ended()).await
    }

    /// The status of `/readyz`; none if nobody answers.
    pub async fn readiness(&self) -> Option<u16> {
        let url = format!("http://{}/readyz", self.address);
        let asked = http_client().get(url).send().await;
        asked.ok().map(|response| response.status().as_u16())
    }

    /// Waits for the address that it prints, and until it is ready there.
    async fn until_ready(&mut self, directory: &Path) {
        let welcome = directory.join(WELCOME);
        until("the service is ready", async || {
            assert_eq!(self.ended(), None, "the service runs");
            self.address = printed_address(&welcome)?;
            (self.readiness().await == Some(200)).then_some(())
        })
        .await;
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// The address in what a service says when it begins to serve.
fn printed_address(welcome: &Path) -> Option<SocketAddr> {
    let said = std::fs::read_to_string(welcome).ok()?;
    let (_, after) = said.split_once("http://")?;
    let (address, _) = after.split_once("/graphql")?;
    address.parse().ok()
}
