//! The GraphQL documents that the client sends.
//!
//! Owns what is selected of every payload: all that a test could compare, so that two answers that
//! print the same are the same.

/// All of a balance.
pub const BALANCE: &str = "available held frozen rollover packs sequence asOf \
    allowance { granted used held remaining periodStart periodEnd renewsAt renewsWith } \
    nextExpiry { at amount }";

/// All that operations have in common.
pub const OPERATION: &str = "__typename id operationId sequence kind at recordedAt change \
    availableAfter heldAfter \
    postings { lotId available held granted consumed expired revoked } \
    ... on PaymentReport { outcome lotId term { firstPeriod periods } lapsesAt granted \
        effect noEffectReason } \
    ... on Revocation { outcome lotId term { firstPeriod periods } revoked effect noEffectReason } \
    ... on SubscriptionChange { changeKind endReason }";

/// Why something was refused, with the numbers.
pub const USER_ERRORS: &str = "userErrors { __typename code message field \
    ... on InsufficientCredits { needed available held frozen shortBy renewsAt renewsWith \
        packs { offered reason credits pack { id } } \
        alternatives { model cost changed { parameter from to } } } \
    ... on LimitExceeded { limit max asked used } \
    ... on LikelyRepeat { cost at attempts credits windowMinutes \
        charge { sequence cost } hold { holdId state } } \
    ... on PriceChanged { cost maxCost catalogVersion } \
    ... on QuoteExpired { expiredAt cost } \
    ... on HoldAlreadyResolved { holdId resolution resolvedAt cost } \
    ... on HoldHasExpired { holdId expiredAt settleUntil } \
    ... on SettleExceedsHold { held cost } \
    ... on PaymentAlreadyUsed { provider reference operationId } \
    ... on PaymentOutcomeOutOfOrder { provider reference standing outcome } \
    ... on PaymentOutsideTerms { paidAt from until } \
    ... on AlreadySubscribed { planId cancelAt } \
    ... on AlreadyOnPlan { planId billingInterval } \
    ... on ParameterOutOfRange { parameter given min max allowed } }";

/// What is told of a spend, with what it comes from.
pub const ADVISORIES: &str = "advisories { __typename code message window { from to } \
    basis { sequence cost } adjustment { model cost changed { parameter from to } } \
    ... on RepeatedPrompt { run creditsSoFar windowMinutes } \
    ... on ManyVariations { variations costOfOne } \
    ... on VideoCost { images imageModel imageCost } \
    ... on ModelSwitch { project used { model charges credits } previous costsMoreBy } \
    ... on LargeShare { percent available } \
    ... on ExpiringSoon { amount at } }";

/// All preferences.
pub const PREFERENCES: &str = "repeatGuard { on source } oneFirst { on source } \
    requestCreditsMax { creditsMax source } dayCreditsMax { creditsMax used resetsAt source } \
    projectCreditsMax { project creditsMax used since source }";

const HOLD: &str = "hold { holdId state amount cost placedAt expiresAt resolvedAt }";

/// The document of a mutation with one input, its whole payload selected.
pub fn mutation(name: &str) -> String {
    let own = match name {
        "charge" => {
            format!("cost recorded charge {{ model lines {{ kind amount }} {ADVISORIES} }}")
        }
        "reserve" => format!(
            "cost recorded {HOLD} told: operation {{ ... on HoldPlaced {{ {ADVISORIES} }} }}"
        ),
        "setPreferences" => format!("preferences {{ {PREFERENCES} }}"),
        "settle" => format!("cost {HOLD} charge {{ holdId late }}"),
        "release" | "extendHold" => HOLD.to_owned(),
        "publishCatalog" => {
            return format!(
                "mutation($input: PublishCatalogInput!) {{ publishCatalog(input: $input) {{ \
                 replayed catalog {{ version }} warnings {{ message }} {USER_ERRORS} }} }}"
            );
        }
        _ => String::new(),
    };
    format!(
        "mutation($input: {input}!) {{ {name}(input: $input) {{ replayed \
         operation {{ {OPERATION} }} balance {{ {BALANCE} }} {own} {USER_ERRORS} }} }}",
        input = input_type(name)
    )
}

/// The type of a mutation's input: its name in upper camel case, and `Input`.
fn input_type(mutation: &str) -> String {
    let (first, rest) = mutation.split_at(1);
    format!("{}{rest}Input", first.to_uppercase())
}
