//! Regenerating and keeping: what a command may name of what was generated before.
//!
//! Owns the one guard on it: it must be an operation of this account that spent credits or set them
//! aside. To keep an attempt moves no credits.

use super::{Case, Verdict};
use crate::domain::{
    catalog::Generation, event::Fact, ids::OperationId, refusal::Refusal, regeneration::Earlier,
};

impl Case<'_> {
    /// The root of the chain that a generation goes on with; none for one that does nothing again.
    pub(super) fn chain(&self, generation: &Generation) -> Result<Option<OperationId>, Refusal> {
        let Some(id) = generation.regenerate_of else {
            return Ok(None);
        };
        let earlier = self.earlier(id);
        let unknown = Refusal::ChargeUnknown {
            charge: id,
            again: true,
        };
        earlier.map(|earlier| Some(earlier.chain)).ok_or(unknown)
    }

    pub(super) fn mark_kept(&self, charge: OperationId, kept: bool) -> Result<Verdict, Refusal> {
        let charged = self.earlier(charge).filter(|earlier| earlier.charged);
        let unknown = Refusal::ChargeUnknown {
            charge,
            again: false,
        };
        let Earlier { chain, .. } = charged.ok_or(unknown)?;
        Ok(self.plain(Fact::ChargeKept {
            charge,
            chain,
            kept,
        }))
    }

    fn earlier(&self, id: OperationId) -> Option<Earlier> {
        self.known.earlier.filter(|known| known.operation_id == id)
    }
}
