//! Configuration: a TOML file, overruled by the environment, overruled by flags.
//!
//! Owns the names of the settings, their defaults (all in `settings.rs`), where they come from and
//! what is refused. It never opens what a setting points to.

mod args;
mod settings;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use clap::{Args as _, Command};
use config::{Config, File, FileFormat};

pub use self::{
    args::ServeArgs,
    settings::{
        ActorSettings, AuthSettings, CatalogSettings, DatabaseSettings, HttpSettings, KeySettings,
        LogSettings, PromptSettings, QuoteSettings, Settings, WriterSettings,
    },
};

/// The file that is read if it is there and no other is named.
pub const FILE: &str = "credits.toml";
/// What the names of our environment variables begin with.
const ENV_PREFIX: &str = "CREDITS__";

/// Why there is no configuration. Every text names the key.
#[derive(Debug, thiserror::Error)]
pub enum ConfigProblem {
    /// The file is not there or is no TOML.
    #[error("{0}")]
    Unreadable(#[from] config::ConfigError),
    /// A key of the file is unknown or has a wrong value.
    #[error("{path}: {source}", path = path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong with which key.
        source: Box<config::ConfigError>,
    },
    /// A key breaks a rule.
    #[error("{key}: {rule}")]
    Invalid {
        /// The key.
        key: String,
        /// What it must be.
        rule: String,
    },
    /// A misspelt variable would silently do nothing.
    #[error("the environment variable {0} is no setting: see `credits serve --help`")]
    UnknownVariable(String),
}

impl ConfigProblem {
    fn invalid(key: impl Into<String>, rule: impl Into<String>) -> ConfigProblem {
        ConfigProblem::Invalid {
            key: key.into(),
            rule: rule.into(),
        }
    }
}

/// Reads the configuration for these arguments (which clap has completed from the environment).
pub fn load(args: &ServeArgs) -> Result<Settings, ConfigProblem> {
    refuse_unknown(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
    read(args, Path::new(FILE))
}

/// Reads the configuration for a command that serves nothing: keys need not be configured.
pub fn load_offline(args: &ServeArgs) -> Result<Settings, ConfigProblem> {
    refuse_unknown(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
    build(args, Path::new(FILE))
}

/// Refuses variables that begin like ours and are none.
fn refuse_unknown(mut names: impl Iterator<Item = String>) -> Result<(), ConfigProblem> {
    let command = ServeArgs::augment_args(Command::new("serve"));
    let known = |name: &str| {
        let mut variables = command.get_arguments().filter_map(clap::Arg::get_env);
        variables.any(|variable| variable == name)
    };
    match names.find(|name| name.starts_with(ENV_PREFIX) && !known(name)) {
        Some(name) => Err(ConfigProblem::UnknownVariable(name)),
        None => Ok(()),
    }
}

fn read(args: &ServeArgs, otherwise: &Path) -> Result<Settings, ConfigProblem> {
    let settings = build(args, otherwise)?;
    settings.check()?;
    Ok(settings)
}

fn build(args: &ServeArgs, otherwise: &Path) -> Result<Settings, ConfigProblem> {
    let (path, required): (PathBuf, bool) = match &args.config {
        Some(path) => (path.clone(), true),
        None => (otherwise.to_owned(), false),
    };
    let file = File::from(path.as_path())
        .format(FileFormat::Toml)
        .required(required);
    let mut builder = Config::builder().add_source(file);
    for (key, value) in args.overrides() {
        builder = builder.set_override(key, value)?;
    }
    // Flags and variables are typed before they come here: what is wrong now is in the file.
    let settings = builder.build()?.try_deserialize();
    settings.map_err(|source| ConfigProblem::Wrong {
        path,
        source: Box::new(source),
    })
}
