//! What a token allows.
//!
//! Owns the names of the scopes and sets of them. No scope adds credits; there is none to be had.

use std::fmt;

/// One right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Scope {
    /// Read the own account, quotes and feeds.
    CreditsRead,
    /// Set the own ceilings and the repeat guard, mark what was kept.
    PreferencesWrite,
    /// Charge, reserve, extend, settle, release. For backends, never in a browser's token: a user
    /// could release the hold of a running job.
    CreditsSpend,
    /// Report subscriptions and payments.
    BillingWrite,
    /// Publish catalogs.
    CatalogWrite,
    /// Act on any account instead of the token's own.
    AccountsAny,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Scope; 6] = [
        Scope::CreditsRead,
        Scope::PreferencesWrite,
        Scope::CreditsSpend,
        Scope::BillingWrite,
        Scope::CatalogWrite,
        Scope::AccountsAny,
    ];

    /// The scope as tokens carry it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::CreditsRead => "credits:read",
            Scope::PreferencesWrite => "preferences:write",
            Scope::CreditsSpend => "credits:spend",
            Scope::BillingWrite => "billing:write",
            Scope::CatalogWrite => "catalog:write",
            Scope::AccountsAny => "accounts:*",
        }
    }

    /// The scope of this name, if there is one.
    pub fn parse(text: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of rights.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// The scopes among these names; an unknown name may belong to another service.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Scopes {
        names.into_iter().filter_map(Scope::parse).collect()
    }

    /// Whether the set has this scope.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }

    /// The scopes in the set, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Scopes {
        Scopes(
            scopes
                .into_iter()
                .fold(0, |set, scope| set | (1 << scope as u8)),
        )
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{scope}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scopes({self})")
    }
}
