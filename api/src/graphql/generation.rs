//! Requests to generate something, as clients send them.

use async_graphql::{Context, ID, InputObject};
use credits_core::{
    domain::{
        catalog::{Generation, PromptFingerprint},
        command::PriceGuard,
        ids::{ActionId, OperationId},
    },
    ledger::Prompt,
};

use super::{
    access,
    fault::{bad_input, count, optional_count, parse_id},
    scalar::Credits,
};
use crate::error::Fault;

/// A request to generate something.
#[derive(InputObject)]
pub struct GenerationInput {
    /// The action, by its catalog id.
    pub action: ID,
    /// The model, by its catalog id; may be left out for an action that makes text, and where models are
    /// recommended: then it does not count, since all are looked at.
    pub model: Option<ID>,
    /// How many results: 1 or more, within the model's range.
    #[graphql(default = 1)]
    pub variations: i32,
    /// How many seconds each result has, within the model's range; the model's default, if left out.
    pub seconds: Option<i32>,
    /// The resolution, by its id; the model's default, if left out.
    pub resolution: Option<ID>,
    /// The quality, by its id; the model's default, if left out.
    pub quality: Option<ID>,
    /// The project that it belongs to, by the client's own id: 1 to 128 visible characters. It does
    /// not change the price.
    pub project: Option<ID>,
    /// The prompt. It is never stored, only a keyed hash by which a repeat is seen. It does not
    /// change the price.
    pub prompt: Option<String>,
    /// In place of the prompt: a hash of it that the client made, 64 hexadecimal digits. It is hashed
    /// again with the service's key, and not stored either.
    pub prompt_fingerprint: Option<String>,
    /// The operation id of the charge or reserve whose result is made again: a UUID. It costs as any
    /// other. A spend that names no charge or reserve of the account is refused as `CHARGE_UNKNOWN`; a
    /// quote does not look.
    pub regenerate_of: Option<ID>,
}

/// What to charge for.
// A charge is this input, not one that has it as a part: for each part async-graphql copies all values of the
// whole. A reserve, which is rarer, has it as one.
#[derive(InputObject)]
pub struct ChargeInput {
    /// The client's id of this call: a UUID made and stored before it, version 7 for choice.
    pub operation_id: ID,
    /// The account; the token's own, if left out.
    pub account_id: Option<ID>,
    /// The generation.
    #[graphql(flatten)]
    pub generation: GenerationInput,
    /// The id of a quote whose price binds for exactly this request.
    pub quote_id: Option<String>,
    /// The most that the caller will pay, in credits; a higher price is refused.
    pub max_cost: Option<Credits>,
    /// Whether a likely repeat is refused, also where the preferences do not ask for it: the same prompt
    /// on the same model within the catalog's window, processed or held.
    #[graphql(default)]
    pub repeat_guard: bool,
    /// Whether it may be a likely repeat: the user was shown the earlier attempt and goes on.
    #[graphql(default)]
    pub acknowledge_repeat: bool,
    /// The number of results, where the preference `oneFirst` is on and it is more than one: the user
    /// confirmed it. It must equal `variations`.
    pub confirm_variations: Option<i32>,
}

/// A spend with its parts parsed.
pub struct Spending {
    /// The client's id of the call.
    pub operation_id: OperationId,
    /// The account as named.
    pub account_id: Option<ID>,
    /// What is to be generated.
    pub generation: Generation,
    /// What the caller expects of the price.
    pub guard: PriceGuard,
}

impl GenerationInput {
    /// The generation with its ids parsed and its prompt reduced to a fingerprint.
    pub fn parse(self, ctx: &Context<'_>) -> Result<Generation, Fault> {
        if self.prompt.is_some() && self.prompt_fingerprint.is_some() {
            return Err(bad_input("Give `prompt` or `promptFingerprint`, not both."));
        }
        let hashed = self.prompt_fingerprint.map(PromptFingerprint::try_from);
        let hashed = hashed.transpose().map_err(bad_input)?;
        let text = self.prompt.as_deref().map(Prompt::Text);
        let prompt = text.or(hashed.map(Prompt::Hashed));
        let mut generation = Generation {
            prompt_fingerprint: None,
            prompt_fingerprint_before: None,
            action: ActionId::parse(&self.action)?,
            model: parse_id(self.model)?,
            variations: count("variations", self.variations)?,
            seconds: optional_count("seconds", self.seconds)?,
            resolution: parse_id(self.resolution)?,
            quality: parse_id(self.quality)?,
            project: parse_id(self.project)?,
            regenerate_of: self
                .regenerate_of
                .map(|id| OperationId::parse(&id))
                .transpose()?,
        };
        if let Some(prompt) = prompt {
            access::ledger(ctx).fingerprint(&mut generation, prompt);
        }
        Ok(generation)
    }
}

impl ChargeInput {
    /// The spend with its parts parsed.
    pub fn parse(self, ctx: &Context<'_>) -> Result<Spending, Fault> {
        let quote = access::ledger(ctx).quote_guard(self.quote_id.as_deref());
        Ok(Spending {
            operation_id: OperationId::parse(&self.operation_id)?,
            account_id: self.account_id,
            generation: self.generation.parse(ctx)?,
            guard: PriceGuard {
                quote,
                cost_max: self.max_cost.map(|credits| credits.0),
                repeat_guard: self.repeat_guard,
                acknowledge_repeat: self.acknowledge_repeat,
                variations_confirmed: optional_count("confirmVariations", self.confirm_variations)?,
            },
        })
    }
}
