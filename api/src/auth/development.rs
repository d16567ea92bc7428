//! The two tokens of development: a user's, which reads, and the studio's, which spends.
//!
//! Owns what each may do and for how long. It never decides whether this is development; who has the
//! development key's mint does.

use super::{MintProblem, Scope, Scopes, TokenMint};

/// For so long the tokens are good: over a long holiday.
pub const DEVELOPMENT_TOKEN_DAYS: u32 = 30;
/// The subject of the studio's token.
const STUDIO: &str = "studio";
/// What a browser's token may do.
const USER_SCOPES: [Scope; 2] = [Scope::CreditsRead, Scope::PreferencesWrite];
/// What the studio's backend may do in development, billing and catalog included.
const STUDIO_SCOPES: [Scope; 5] = [
    Scope::CreditsRead,
    Scope::CreditsSpend,
    Scope::BillingWrite,
    Scope::CatalogWrite,
    Scope::AccountsAny,
];

/// A pair of tokens, as printed at start and filled into GraphiQL's tabs.
pub struct DevelopmentTokens {
    /// Reads the account it was made for.
    pub user: String,
    /// Charges, bills and publishes, on any account.
    pub studio: String,
}

impl DevelopmentTokens {
    /// Makes a pair for a user who owns `account`, good from `now` (seconds since 1970) on.
    pub fn mint(
        mint: &TokenMint,
        account: &str,
        now: i64,
    ) -> Result<DevelopmentTokens, MintProblem> {
        let token = |subject, scopes: &[Scope]| {
            let scopes: Scopes = scopes.iter().copied().collect();
            mint.mint(subject, scopes, now, DEVELOPMENT_TOKEN_DAYS * 86_400)
        };
        Ok(DevelopmentTokens {
            user: token(account, &USER_SCOPES)?,
            studio: token(STUDIO, &STUDIO_SCOPES)?,
        })
    }
}
