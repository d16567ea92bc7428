//! `credits serve`, and `credits` alone.
//!
//! Owns what a person is told when the service is ready. It never starts a part itself.

use std::fmt::Write as _;

use clap::Args;
use credits_core::{clock::Clock, domain::time::Instant};

use super::{Failure, print};
use crate::{
    app::{Application, token_time_s},
    auth::{DEVELOPMENT_TOKEN_DAYS, DevelopmentTokens},
    config::{self, ServeArgs},
    demo, descriptors, shutdown, telemetry,
};

/// Serve GraphQL over HTTP
#[derive(Args)]
pub(super) struct Serve {
    /// Start the manual clock at this instant (RFC 3339); development only
    #[arg(long, value_name = "INSTANT", help_heading = "Manual clock")]
    at: Option<String>,
    /// Let the manual clock run so many times as fast as the real one; 0 stands still. Development
    /// only
    #[arg(
        long,
        value_name = "FACTOR",
        help_heading = "Manual clock",
        default_value_t = 1.0
    )]
    speed: f64,
    #[command(flatten)]
    settings: ServeArgs,
}

impl Serve {
    #[cfg(test)]
    pub(super) fn is_development(&self) -> bool {
        self.settings.development == Some(true)
    }

    pub(super) async fn run(self) -> Result<(), Failure> {
        let settings = config::load(&self.settings)?;
        telemetry::init(settings.log.format, &settings.log.filter)?;
        descriptors::raise_limit();
        let clock = self.clock(settings.development)?;
        let stop = shutdown::on_signal()?;
        let application = Application::build(&settings, clock).await?;
        print(&welcome(&application, settings.development).await?)?;
        Ok(application.run_until_stopped(stop).await?)
    }

    /// The clock to serve by.
    fn clock(&self, development: bool) -> Result<Clock, Failure> {
        let manual = self.at.is_some() || self.speed != 1.0;
        if manual && !development {
            let told = "--at and --speed are for development only: add --dev";
            return Err(Failure::Wrong(told.to_owned()));
        }
        if !(0.0..=1e9).contains(&self.speed) {
            return Err(Failure::Wrong("--speed must be 0 to 1e9".to_owned()));
        }
        let real = Clock::real();
        let at = match &self.at {
            Some(text) => Instant::parse(text).ok_or_else(|| {
                Failure::Wrong(format!("--at: \"{text}\" is no RFC 3339 instant"))
            })?,
            None => real.read().now,
        };
        Ok(if manual {
            Clock::manual(at, self.speed)
        } else {
            real
        })
    }
}

async fn welcome(application: &Application, development: bool) -> Result<String, Failure> {
    let at = application.address();
    let mut text = format!(
        "ChatNow Credits serves GraphQL at http://{at}/graphql\n\
         Explore it in a browser, offline too: http://{at}/graphiql\n"
    );
    let Some(mint) = application.mint().filter(|_| development) else {
        return Ok(text);
    };
    let account = demo::ACCOUNT;
    let DevelopmentTokens { user, studio } =
        DevelopmentTokens::mint(mint, account, token_time_s())?;
    let now = application.ledger().now();
    let history = if application.has_demo().await? {
        format!("example prices, and an account `{account}` with a history")
    } else {
        format!("your catalog; the studio's token opens the account `{account}`")
    };
    let written = write!(
        text,
        "The time is {now}. This is development: {history}.\n\n\
         A user's token (reads the account `{account}`):\n{user}\n\n\
         The studio's token (charges, bills and publishes, on any account):\n{studio}\n\n\
         The tokens are good for {DEVELOPMENT_TOKEN_DAYS} days, across restarts; GraphiQL's tabs \
         carry them. Or try:\n\
         curl http://{at}/graphql -H 'content-type: application/json' \\\n  \
         -H 'authorization: Bearer {user}' \\\n  \
         -d '{{\"query\":\"{{ viewer {{ balance {{ available nextExpiry {{ at amount }} }} }} }}\"}}'\n"
    );
    written.map_err(|error| Failure::Wrong(error.to_string()))?;
    Ok(text)
}
