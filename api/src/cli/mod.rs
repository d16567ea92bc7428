//! The command line.
//!
//! Owns the commands, what each prints and the exit code: 0 done, 1 it failed or found something, 2
//! it was called wrongly. Results go to standard output, logs and problems to standard error.

mod catalog;
mod inspect;
mod serve;

use std::{
    ffi::OsString,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use credits_core::domain::{catalog::Finding, ids::AccountId};

use crate::{
    app::Problem,
    auth::{AuthProblem, MintProblem, Scope},
    config::{ConfigProblem, ServeArgs},
    telemetry::TelemetryProblem,
};

/// ChatNow Credits: decides every spend, exactly once, durably. Without a command it serves in
/// development on this machine, with example prices and a demo account.
#[derive(Parser)]
#[command(name = "credits", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve GraphQL over HTTP
    Serve(serve::Serve),
    /// Bring the tables of the database up to date, or back, without serving
    Migrate {
        /// Take back so many steps in place of going forward
        #[arg(long, value_name = "STEPS")]
        down: Option<u32>,
        #[command(flatten)]
        settings: ServeArgs,
    },
    /// Prove the ledger of every account; reads only, also beside a running service
    Verify {
        #[command(flatten)]
        settings: ServeArgs,
    },
    /// Print a token
    Token {
        /// The subject: for a user's token, the account
        #[arg(long, value_name = "SUBJECT")]
        subject: String,
        /// The scopes, with commas between
        #[arg(long, value_name = "SCOPES", value_delimiter = ',', value_parser = parse_scope, default_value = "credits:read,preferences:write")]
        scopes: Vec<Scope>,
        /// For how many seconds it is good
        #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
        ttl_s: u32,
        #[command(flatten)]
        settings: ServeArgs,
    },
    /// Print the GraphQL schema
    Schema,
    /// Check, show or publish a catalog
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Look at an account
    #[command(subcommand)]
    Account(AccountCommand),
}

#[derive(Subcommand)]
enum CatalogCommand {
    /// Check a file: errors with line, field and rule; warnings where prices break the policy's "in
    /// general"
    Check {
        /// The file
        file: PathBuf,
    },
    /// Print a published catalog
    Show {
        /// The version; the latest unless named
        #[arg(long)]
        version: Option<i32>,
        /// Print the source in place of a summary
        #[arg(long)]
        source: bool,
        #[command(flatten)]
        settings: ServeArgs,
    },
    /// Publish a file; the service must not run on the database (a running one publishes by the
    /// mutation publishCatalog)
    Publish {
        /// The file
        file: PathBuf,
        /// From when it counts, in RFC 3339; now unless named
        #[arg(long, value_name = "INSTANT")]
        effective_at: Option<String>,
        #[command(flatten)]
        settings: ServeArgs,
    },
}

#[derive(Subcommand)]
enum AccountCommand {
    /// Print an account's balance, lots, holds and last operations; reads only
    Show {
        /// The account
        account: String,
        /// How many operations
        #[arg(long, default_value_t = 20)]
        operations: u64,
        #[command(flatten)]
        settings: ServeArgs,
    },
}

/// Why a command did not do what it was called for.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Config(Box<ConfigProblem>),
    #[error(transparent)]
    Telemetry(#[from] TelemetryProblem),
    #[error(transparent)]
    Problem(#[from] Problem),
    #[error(transparent)]
    Auth(#[from] AuthProblem),
    #[error(transparent)]
    Mint(#[from] MintProblem),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Wrong(String),
    /// The command did its work, and printed what it found.
    #[error("{0}")]
    Found(String),
}

impl From<ConfigProblem> for Failure {
    fn from(problem: ConfigProblem) -> Failure {
        Failure::Config(Box::new(problem))
    }
}

impl From<credits_core::store::StoreError> for Failure {
    fn from(error: credits_core::store::StoreError) -> Failure {
        Failure::Problem(error.into())
    }
}

/// Runs the program.
pub fn run() -> ExitCode {
    match actix_rt::System::new().block_on(call(command(std::env::args_os()))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Standard error may be closed; the exit code still tells.
            let _closed = writeln!(io::stderr(), "credits: {failure}");
            match failure {
                Failure::Wrong(_) | Failure::Config(_) => ExitCode::from(2),
                Failure::Telemetry(_)
                | Failure::Problem(_)
                | Failure::Auth(_)
                | Failure::Mint(_)
                | Failure::Io(_)
                | Failure::Found(_) => ExitCode::FAILURE,
            }
        }
    }
}

/// The command of these arguments. None is read as `serve --dev`, not built by hand, so that the
/// environment counts there too.
fn command(arguments: impl IntoIterator<Item = OsString>) -> Command {
    const TRY_OUT: [&str; 3] = ["credits", "serve", "--dev"];
    Arguments::parse_from(arguments)
        .command
        .or_else(|| Arguments::parse_from(TRY_OUT).command)
        .expect("TRY_OUT names a command")
}

async fn call(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(serve) => serve.run().await,
        Command::Migrate { down, settings } => inspect::migrate(&settings, down).await,
        Command::Verify { settings } => inspect::verify(&settings).await,
        Command::Token {
            subject,
            scopes,
            ttl_s,
            settings,
        } => inspect::token(&settings, &subject, &scopes, ttl_s),
        Command::Schema => print(&crate::graphql::sdl()),
        Command::Catalog(CatalogCommand::Check { file }) => catalog::check(&file),
        Command::Catalog(CatalogCommand::Show {
            version,
            source,
            settings,
        }) => catalog::show(&settings, version, source).await,
        Command::Catalog(CatalogCommand::Publish {
            file,
            effective_at,
            settings,
        }) => catalog::publish(&settings, &file, effective_at.as_deref()).await,
        Command::Account(AccountCommand::Show {
            account,
            operations,
            settings,
        }) => {
            let account = AccountId::parse(&account);
            let account = account.map_err(|error| Failure::Wrong(error.to_string()))?;
            inspect::account(&settings, &account, operations).await
        }
    }
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", text.trim_end())?;
    Ok(())
}

fn parse_scope(text: &str) -> Result<Scope, String> {
    let names = || Scope::ALL.map(Scope::as_str).join(", ");
    Scope::parse(text).ok_or_else(|| format!("the scopes are {}", names()))
}

fn found(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_command_serves_in_development() {
        let told = command(["credits".into()]);
        assert!(matches!(told, Command::Serve(serve) if serve.is_development()));
        let told = command(["credits".into(), "schema".into()]);
        assert!(matches!(told, Command::Schema));
    }
}
