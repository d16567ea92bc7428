//! A suite of another language: its process, its service, and the talk between the two.
//!
//! Owns what a suite is given and what it may ask for: a line `@restart SIGKILL|SIGTERM` or `@token
//! SECONDS` on its standard output is answered with one line of JSON on its standard input. It judges
//! nothing but how the suite ends, and prints what it said if that is badly.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use credits_tests::harness::{Child, Program, require};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{ChildStdin, Command},
};

/// The account of the user's token.
const ACCOUNT: &str = "ada";

/// Runs a suite of `tests/clients`.
pub async fn node(suite: &str) {
    let folder = folder("clients");
    let installed = folder.join("node_modules").is_dir();
    require("Node.js", answers("node"));
    require("`npm ci` in tests/clients", installed);
    let mut command = Command::new("node");
    command
        .arg(format!("suites/{suite}.js"))
        .current_dir(folder);
    run(command).await;
}

/// Runs a suite of `tests/python`.
pub async fn python(suite: &str) {
    let folder = folder("python");
    let python = folder.join(".venv/bin/python");
    let needs = "Python with tests/python/requirements.txt in tests/python/.venv";
    require(needs, python.is_file());
    let mut command = Command::new(python);
    command.arg(format!("{suite}.py")).current_dir(folder);
    run(command).await;
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Whether there is such a program.
fn answers(program: &str) -> bool {
    let mut version = std::process::Command::new(program);
    version.arg("--version").stdout(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

async fn run(command: Command) {
    Stage::set().await.play(command).await;
}

/// A service for one suite.
struct Stage {
    program: Program,
    directory: TempDir,
    service: Child,
}

impl Stage {
    async fn set() -> Stage {
        let directory = tempfile::tempdir().expect("a directory for temporary files can be made");
        let program = Program::find();
        program.furnish(directory.path());
        let service = program.serve(directory.path()).await;
        service.studio().open(ACCOUNT).await;
        Stage {
            program,
            directory,
            service,
        }
    }

    /// Runs the suite to its end. Fails with all that it said if it does.
    async fn play(mut self, mut command: Command) {
        let errors = self.directory.path().join("suite.log");
        let log = std::fs::File::create(&errors).expect("the directory can be written to");
        command
            .env(
                "CREDITS_URL",
                format!("http://{}/graphql", self.service.address()),
            )
            .env("CREDITS_STUDIO_TOKEN", self.service.studio_token())
            .env(
                "CREDITS_USER_TOKEN",
                self.program.user_token(self.directory.path(), ACCOUNT),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true);
        let mut suite = command.spawn().expect("the suite starts");
        let mut input = suite.stdin.take().expect("it is piped");
        let output = suite.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(output).lines();
        let mut said = String::new();
        while let Some(line) = lines.next_line().await.expect("a suite prints text") {
            match line.strip_prefix('@') {
                Some(request) => self.answer(request, &mut input).await,
                None => said = said + &line + "\n",
            }
        }
        let status = suite.wait().await.expect("the suite is ours");
        if !status.success() {
            let errors = std::fs::read_to_string(errors).unwrap_or_default();
            panic!("{status}\n{said}\n{errors}\n{}", self.log());
        }
        report(&said);
        let (clean, printed) = self.program.run(self.directory.path(), &["verify"]);
        assert!(clean, "{printed}");
    }

    async fn answer(&mut self, request: &str, input: &mut ChildStdin) {
        let answer = match request.split_once(' ') {
            Some(("restart", signal)) => self.restart(signal).await,
            Some(("token", seconds)) => {
                let seconds = seconds.parse().expect("a token lasts so many seconds");
                let directory = self.directory.path();
                json!(self.program.ending_token(directory, ACCOUNT, seconds))
            }
            _ => panic!("a suite asks for {request}"),
        };
        let line = format!("{answer}\n");
        // A suite that ended meanwhile needs no answer.
        let _gone = input.write_all(line.as_bytes()).await;
    }

    /// What the service said since it was started last.
    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.directory.path().join("service.log"));
        format!("The service said:\n{}", log.unwrap_or_default())
    }

    async fn restart(&mut self, signal: &str) -> Value {
        match signal {
            "SIGKILL" => self.service.kill(),
            "SIGTERM" => {
                let left = self.service.leave().await;
                assert!(left.success(), "it left in order: {left}\n{}", self.log());
            }
            _ => panic!("a suite ends the service by {signal}"),
        }
        let address = self.service.address();
        self.service = self
            .program
            .serve_again(self.directory.path(), address)
            .await;
        json!(true)
    }
}

#[expect(
    clippy::print_stdout,
    reason = "what a suite counted is read with --nocapture"
)]
fn report(said: &str) {
    println!("{said}");
}
