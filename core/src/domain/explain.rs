//! Why a charge is final, in the words of the policies.
//!
//! Owns which of the policies' sentences are about a charge. They are those of the catalog version that
//! it was decided by, so that it is explained by what was promised then.

use super::{
    catalog::Catalog,
    event::Charged,
    policies::{self, Policy, Topic},
};

/// The headings that say why credits that were consumed do not come back.
const HEADINGS: [Topic; 2] = [Topic::WhenConsumed, Topic::WhyNoRefund];

impl Charged {
    /// Why it is final: what happened, then what the policies of `catalog` say of it.
    pub fn why_final(&self, catalog: &Catalog) -> Vec<String> {
        let policies = policies::policies(catalog);
        let of_heading = |policy: &Policy| HEADINGS.contains(&policy.topic);
        let said = policies.into_iter().filter(of_heading);
        [self.what_happened().to_owned()]
            .into_iter()
            .chain(said.flat_map(|policy| policy.sentences))
            .collect()
    }

    fn what_happened(&self) -> &'static str {
        match (self.hold, self.late) {
            (None, _) => "The request was processed: that consumed the credits.",
            (Some(_), false) => {
                "The credits were set aside for this request, and then it was processed: that consumed them."
            }
            (Some(_), true) => {
                "The credits that were set aside for this request had returned before it was told to be \
                 processed: it consumed others, at the price it was set aside for."
            }
        }
    }
}
